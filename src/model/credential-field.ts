/** Words that make a field one of a credential, wherever they stand: `x-csrf-token`, `x-authtoken`, `x-session-id`. One too many only costs a hit. */
const CREDENTIAL_WORD = /authoriz|auth(?!or)|token|secret|passw|passphrase|session|credential|cookie|signature|jwt|assertion|(?:api|access)[-_]?key/;
/** Words that are one only if they stand alone: `x-otp`, and not `inside`. */
const LONE_WORD = /(?:^|[-_])(?:sid|otp|pwd|hmac|sig)(?:[-_]|$)/;
/** Whatever else is called a key (`x-functions-key`, `ocp-apim-subscription-key`), but for those that name no one. */
const KEY = /(?<!idempotency[-_]?|deduplication[-_]?|websocket[-_]?|surrogate[-_]?)key$/;
/** Those that are new with each request of the same user. */
const OF_ONE_REQUEST = /csrf|xsrf|nonce|signature|hmac|sig$|otp/;
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

/**
 * True for fields whose value says who asks, and must not be kept. All that a request carries are part of its key, unless the route says `shared`. `name` is lower-case.
 */
export function isCredential(name: string): boolean {
  return !COMMON.has(name) && (CREDENTIAL_WORD.test(name) || LONE_WORD.test(name) || KEY.test(name));
}

/** True for those whose value is the same through all requests of one user: what tells whether two requests are made by the same. `name` is lower-case. */
export function namesUser(name: string): boolean {
  return isCredential(name) && !OF_ONE_REQUEST.test(name);
}
