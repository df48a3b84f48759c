import { decodeLeniently, isSecretName } from '../model/secret-name.ts';

/** What stands in place of a secret. */
export const REDACTED = '[redacted]';

/** Longest path and text that log and journal keep. */
const MAX_PATH = 2048;
const MAX_TEXT = 1000;

/** A word of every name that holds a secret, anywhere: a quick look that lets most paths through untouched. */
const HINT = /key|code|sig|hash|auth|jwt|otp|pwd|pass|hmac|nonce|cookie|sid|sess|assertion|credential|token|secret/i;
/** Credentials that show by their own shape: JSON Web Tokens, keys of Google, Meta, Supabase, OpenAI, GitHub. */
const SHAPE =
  /eyJ[\w-]{6,}[\w.=-]*|AIza[\w-]{10,}|ya29\.[\w.-]+|EAA[A-Za-z0-9]{10,}|\bsb(?:p|_secret|_publishable)_\w+|\bsk-[\w-]{10,}|\bgh[pousr]_\w{10,}/g;
/** What makes a path worth a closer look, query or not. */
const ODD = /[%;@#]|eyJ|AIza|ya29\.|EAA|sb[p_]|sk-|gh[pousr]_/;
/**
 * A secret's name followed by what may be its value: inside `or=(access_token.eq.x)` or a nested URL. Names begin where no letter is before them, and spaces are counted:
 * whoever sends a long path must not buy seconds of our time.
 */
const NESTED = /(?<![\w-])([\w-]+)["'\s]{0,3}(?:[=:]|\.\w{1,12}\.)/g;

/** Names that in prose are no secret: `code: ECONNRESET`; `?code=x` and `"code": "x"` are. */
const PROSE = /^(?:code|key|hash|sig|auth|session|pass)$/i;
/** `//user:password@` or `user:password@` at the front. */
const USER_INFO = /\/\/[^/@]*@|^[^/:@]*:[^/@]*@/;

/** Path and query with the values of secret parameters replaced; cut at 2 KiB. What is not secret stays as it was sent. */
export function redactPath(path: string): string {
  const short = path.length > MAX_PATH ? `${path.slice(0, MAX_PATH)}...` : path;
  const query = short.indexOf('?');
  if (!ODD.test(short) && (query < 0 || !HINT.test(short))) return short;
  if (query < 0) return redactSegments(short);
  return `${redactSegments(short.slice(0, query))}?${redactPairs(short.slice(query + 1))}`;
}

/** Free text (details of failures, error messages) with credentials replaced; cut at 1,000 characters. */
export function redactText(text: string): string {
  const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}...` : text;
  const named = short
    .replace(/((?:set-)?cookie|(?:proxy-)?authorization)(["']?\s*[:=,]\s*)[^\r\n]+/gi, `$1$2${REDACTED}`)
    .replace(/\b(bearer|basic|digest)\s+[\w.~+/=-]{4,}/gi, `$1 ${REDACTED}`)
    .replace(/(?<![^\s"'<>`])[^\s"'<>`?&]*[?&][^\s"'<>`]+/g, redactPath)
    .replace(/\/\/[^\s/@]+@/g, `//${REDACTED}@`);
  return redactAssigned(named).replace(SHAPE, REDACTED);
}

/** Replaces what follows a secret's name and `=` or `:`. One step at a time: in `last: key=x` the value of `last` is a name. */
function redactAssigned(text: string): string {
  const assignment = /(?<![\w-])([\w-]+)(["']?)\s{0,3}([=:])\s{0,3}["']?/g;
  const value = /\[redacted\]|[^\s&;,"')}\]]+/y;
  let shown = '';
  let from = 0;
  for (let found = assignment.exec(text); found !== null; found = assignment.exec(text)) {
    const [, name = '', quote = '', separator = ''] = found;
    if (!isSecretName(name) || (separator === ':' && quote === '' && PROSE.test(name))) continue;
    value.lastIndex = assignment.lastIndex;
    if (!value.test(text)) continue;
    shown += text.slice(from, assignment.lastIndex) + REDACTED;
    from = assignment.lastIndex = value.lastIndex;
  }
  return shown + text.slice(from);
}

/**
 * A copy of plain data (a configuration) with the values of secret keys, and credentials in its texts, replaced. Names such as `code`, which settings have too, are secret only
 * where the data are those of a request: under `query` and `header`.
 */
export function redactData(value: unknown, ofRequest = false): unknown {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map((item) => redactData(item, ofRequest));
  if (typeof value !== 'object' || value === null) return value;
  const hides = (key: string, inner: unknown): boolean =>
    (typeof inner !== 'object' || Array.isArray(inner)) && isSecretName(key) && (ofRequest || !PROSE.test(key));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, hides(key, inner) ? REDACTED : redactData(inner, /^(?:query|headers?)$/.test(key))]),
  );
}

function redactPairs(query: string): string {
  return query
    .split(/([&;#])/)
    .map((pair) => (pair.length > 1 ? redactPair(pair) : pair))
    .join('');
}

function redactPair(pair: string): string {
  const equals = pair.indexOf('=');
  if (equals < 0) return holdsSecret(decodeLeniently(pair)) ? REDACTED : pair;
  const name = pair.slice(0, equals);
  if (isSecretName(decodeLeniently(name))) return `${name}=${REDACTED}`;
  return holdsSecret(decodeLeniently(pair.slice(equals + 1))) ? `${name}=${REDACTED}` : pair;
}

function redactSegments(path: string): string {
  return path
    .split(/([/;])/)
    .map((segment) => (segment.length > 1 && holdsSecret(decodeLeniently(segment)) ? REDACTED : segment))
    .join('');
}

/** Whether a decoded value is a credential by its shape, has user information of a URL in it, or names a secret with its value. */
function holdsSecret(value: string): boolean {
  if (value.search(SHAPE) >= 0 || USER_INFO.test(value) || /\b(?:bearer|basic)[\s+]/i.test(value)) return true;
  if (!HINT.test(value)) return false;
  for (const found of value.matchAll(NESTED)) if (isSecretName(found[1] ?? '')) return true;
  return false;
}
