import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { hash, timingSafeEqual } from 'node:crypto';
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

/** What monitoring asks for: no secret is in it, and nothing changes by it. */
const OPEN_TO_ALL = /^\/(?:health(?:\/.*)?|metrics)$/;
const CHALLENGE = { 'www-authenticate': 'Basic realm="breakwater", charset="UTF-8", Bearer realm="breakwater"' };

/**
 * Refuses who does not know the token, where there is one: as `Authorization: Bearer` (RFC 6750) or as the password of Basic, whatever the name (RFC 7617), for which a browser asks by itself. Compared by digests, in a time
 * that says nothing of either. Health and metrics are open to all.
 */
export function tokenGuard(token: string | undefined): (path: string, headers: IncomingHttpHeaders) => AdminReply | undefined {
  if (token === undefined) return () => undefined;
  const known = digest(token);
  return (path, { authorization = '' }) => {
    if (OPEN_TO_ALL.test(path)) return undefined;
    if (timingSafeEqual(digest(shownToken(authorization)), known)) return undefined;
    return problem(401, 'This needs the token that `admin.token` holds: `Authorization: Bearer TOKEN`, or it as the password of Basic.', CHALLENGE);
  };
}

function shownToken(authorization: string): string {
  const [, scheme = '', value = ''] = /^(\S+) +(\S+)$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return '';
  const pair = Buffer.from(value, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
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
