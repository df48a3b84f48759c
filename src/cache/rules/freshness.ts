import { headerValue, headerValues, type HeaderList } from '../../model/headers.ts';
import type { Freshness } from '../store.ts';
import { dateOf } from './age.ts';
import { parseHttpDate } from './dates.ts';
import type { ResponseDirectives, Seconds } from './directives.ts';
import type { Governing } from './targeted.ts';

/** Statuses that may be stored without a word about freshness (RFC 9110 section 15.1). */
const HEURISTIC: ReadonlySet<number> = new Set([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501]);
/** The part of the time since the last change for which an answer is taken as fresh, and the most that comes to (RFC 9111 section 4.2.2). */
const HEURISTIC_PART = 0.1;
const HEURISTIC_MAX_MS = 24 * 3_600_000;

/**
 * The freshness lifetime that the origin states, in milliseconds: s-maxage, max-age, Expires, in this order (RFC 9111 section 4.2.1). What it states and
 * cannot be read is 0. Undefined where it states none.
 */
export function explicitLifetimeMs(headers: HeaderList, { directives, targeted }: Governing, respondedAt: number): number | undefined {
  const stated = directives.sMaxage ?? directives.maxAge;
  if (stated !== undefined) return ms(stated);
  if (targeted) return undefined;
  const expires = headerValues(headers, 'expires');
  if (expires.length === 0) return undefined;
  const at = expires.length === 1 ? parseHttpDate(expires[0] ?? '', respondedAt) : undefined;
  return at === undefined ? 0 : Math.max(0, at - dateOf(headers, respondedAt));
}

/** The lifetime that is guessed from Last-Modified, in milliseconds; undefined where nothing may be guessed. */
export function heuristicLifetimeMs(status: number, headers: HeaderList, directives: ResponseDirectives, respondedAt: number): number | undefined {
  if (!HEURISTIC.has(status) && !directives.public) return undefined;
  const changed = headerValue(headers, 'last-modified');
  const at = changed === undefined ? undefined : parseHttpDate(changed, respondedAt);
  if (at === undefined) return undefined;
  return Math.min(HEURISTIC_MAX_MS, Math.max(0, (dateOf(headers, respondedAt) - at) * HEURISTIC_PART));
}

/** Puts a lifetime together with what the directives allow past it. `staleIfErrorMs` is undefined there where the origin says nothing of it. */
export function freshnessOf(freshMs: number, directives: ResponseDirectives): Freshness {
  return {
    freshMs,
    staleWhileRevalidateMs: ms(directives.staleWhileRevalidate ?? 0),
    staleIfErrorMs: directives.staleIfError === undefined ? undefined : ms(directives.staleIfError),
    noCache: directives.noCache,
    mustRevalidate: directives.mustRevalidate || directives.proxyRevalidate || (directives.sMaxage !== undefined && !speaksOfStale(directives)),
  };
}

/** s-maxage carries proxy-revalidate with it (RFC 9111 section 5.2.2.10), unless the same origin says how long stale is fine (RFC 5861). */
function speaksOfStale({ staleWhileRevalidate, staleIfError }: ResponseDirectives): boolean {
  return staleWhileRevalidate !== undefined || staleIfError !== undefined;
}

function ms(seconds: NonNullable<Seconds>): number {
  return seconds === 'invalid' ? 0 : seconds * 1000;
}
