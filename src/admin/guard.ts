import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { problem } from './replies.ts';
import type { AdminReply } from './route.ts';

/** Names by which this machine calls itself. */
const LOOPBACK = new Set(['localhost', 'ip6-localhost']);
/** The header that shows that a request was made by a program: a page of another origin cannot set it without asking first. */
export const INTENT_HEADER = 'x-breakwater-admin';

/**
 * Refuses what a web page could make a browser send. A Host that is a foreign name means DNS rebinding: such a page reads the answer as its own. Addresses are let through,
 * since a name can be rebound and an address cannot.
 */
export function hostGuard(own: string, allowed: readonly string[]): (headers: IncomingHttpHeaders) => AdminReply | undefined {
  const names = new Set([own.toLowerCase(), ...LOOPBACK, ...allowed.map((name) => name.toLowerCase())]);
  return ({ host }) => {
    const name = hostname(host);
    if (name === undefined) return problem(400, 'The Host header is missing or malformed.');
    if (names.has(name) || isIP(name) !== 0 || name.endsWith('.localhost')) return undefined;
    return problem(
      421,
      `This listener does not answer for the host ${JSON.stringify(name)}: use localhost or its address, or list the name among the hosts of \`admin\`.`,
    );
  };
}

/** Refuses a change that a page of another origin could have a browser make (cross-site request forgery). */
export function changeGuard(request: IncomingMessage): AdminReply | undefined {
  const { headers } = request;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return problem(403, 'Changes are not taken from pages of another origin.');
  if (headers.origin !== undefined && originHost(headers.origin) !== headers.host)
    return problem(403, 'Changes are not taken from pages of another origin.');
  const isJson = /^application\/json\b/i.test(headers['content-type'] ?? '');
  if (isJson || headers[INTENT_HEADER] !== undefined) return undefined;
  return problem(403, `A change needs \`Content-Type: application/json\` or the header \`${INTENT_HEADER}: 1\`.`);
}

/** The name in a Host header, without port and brackets; undefined where it is none. */
function hostname(host: string | undefined): string | undefined {
  const parts = /^(\[[0-9a-f:.]+\]|[^:/?#@\s[\]]+)(?::\d{1,5})?$/i.exec(host ?? '');
  return parts?.[1]
    ?.toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
}

function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
