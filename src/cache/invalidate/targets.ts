import type { Exchange } from '../../model/exchange.ts';
import { graver, type LeftOpen, leftOpenBy } from '../../model/failure.ts';
import { headerValue } from '../../model/headers.ts';
import type { Outcome, Reply } from '../../model/outcome.ts';
import type { Identities } from '../identity.ts';
import { urlForms } from '../request.ts';
import { urlTag } from '../tag-names.ts';

/** Methods that change nothing (RFC 9110 section 9.2.1 and the registry); every other one, known or not, may. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'REPORT', 'SEARCH', 'QUERY', 'PRI']);

/** Whether a method is known to change nothing. */
export const isSafe = (method: string): boolean => SAFE.has(method);

/**
 * Whether a write may have taken effect: it succeeded (RFC 9111 section 4.4), or nobody knows. `before`: what attempts left open that were made before the one whose outcome this is.
 * `answeredToo`: a 5xx answer counts as not knowing.
 */
export function mayHaveChanged(outcome: Outcome, before: LeftOpen, answeredToo: boolean): boolean {
  if (outcome.type === 'reply' && outcome.status < 400) return true;
  const left = outcome.type === 'reply' ? before : graver(before, leftOpenBy(outcome));
  return left === 'silence' || (left === 'error' && answeredToo);
}

/** Tags of the URLs that a successful write makes invalid: its own, and those in Location and Content-Location on the same origin (RFC 9111 section 4.4). */
export function urlTags(exchange: Exchange, reply: Reply | undefined, identities: Identities): string[] {
  const urls = new Set(urlForms(exchange, identities));
  for (const name of ['location', 'content-location']) {
    const value = reply === undefined ? undefined : headerValue(reply.headers, name);
    const path = value === undefined ? undefined : resolveOnOrigin(value, exchange);
    if (path === undefined) continue;
    for (const form of urlForms({ scheme: exchange.scheme, authority: exchange.authority, path }, identities)) urls.add(form);
  }
  return [...urls].map(urlTag);
}

/** The path and query that a reference in an answer means, where that is on the origin of the request; else undefined. */
export function resolveOnOrigin(reference: string, exchange: Exchange): string | undefined {
  const base = `${exchange.scheme}://${exchange.authority}${exchange.path}`;
  if (!URL.canParse(reference, base)) return undefined;
  const target = new URL(reference, base);
  return target.origin === new URL(base).origin ? `${target.pathname}${target.search}` : undefined;
}
