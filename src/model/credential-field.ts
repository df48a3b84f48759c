/** Request fields that say who asks. All that a request carries are part of its key, unless the route says `shared`. */
const CREDENTIAL_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'apikey',
  'api-key',
  'x-api-key',
  'x-goog-api-key',
]);
/** Words that make a field one of them: `x-csrf-token`, `x-session-id`, `private-token`. One too many only costs a hit. */
const CREDENTIAL_NAME =
  /(?:^|[-_])(?:authorization|auth|token|secret|password|session|credentials?|cookie|api[-_]?key|access[-_]?key|signature|jwt|assertion|sid)(?:[-_]|$)/;
/** Fields of nearly every request, which need no closer look. */
const COMMON: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'accept-profile',
  'cache-control',
  'content-profile',
  'content-type',
  'if-modified-since',
  'if-none-match',
  'prefer',
  'range',
  'user-agent',
  'x-client-info',
  'x-supabase-api-version',
]);

/** True for fields whose value says who asks, and must not be kept. `name` is lower-case. */
export function isCredential(name: string): boolean {
  return CREDENTIAL_HEADERS.has(name) || (!COMMON.has(name) && CREDENTIAL_NAME.test(name));
}
