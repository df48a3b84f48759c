import { headerList, headerValue, type HeaderList } from '../../model/headers.ts';
import { splitList } from './directives.ts';

/** Turns a credential into what may be kept of it. */
export type Hash = (credential: string) => string;

/** What a field may be called (RFC 9110 section 5.1), in small letters. */
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/**
 * The request fields that a response varies by, lower-case, sorted, each once; undefined for `*` anywhere: no request ever matches (RFC 9111 section 4.1). Nor does one
 * where a member is no field name: what it varies by is not known.
 */
export function varyOf(headers: HeaderList): readonly string[] | undefined {
  const value = headerList(headers, 'vary');
  if (value === undefined) return NONE;
  const names = splitList(value.toLowerCase());
  if (names.some((name) => name === '*' || !FIELD_NAME.test(name))) return undefined;
  return names.length < 2 ? names : [...new Set(names)].sort();
}

const NONE: readonly string[] = [];

/** What a request says in the fields that a response varies by, normalised: equal texts select the same answer. Credentials are hashed. */
export function variantOf(names: readonly string[], request: HeaderList, isCredential: (name: string) => boolean, hash: Hash): string {
  let variant = '';
  for (const name of names) {
    const value = headerList(request, name);
    const told = value === undefined ? '' : isCredential(name) ? `=${hash(value)}` : `=${normalise(name, value)}`;
    variant += `${name}${told}\n`;
  }
  return variant;
}

/** Tells the requests for which an answer was selected that came for a request with these fields. */
export function selectedAlike(
  names: readonly string[],
  fields: HeaderList,
  isCredential: (name: string) => boolean,
  hash: Hash,
): (request: HeaderList) => boolean {
  if (names.length === 0) return () => true;
  const variant = variantOf(names, fields, isCredential, hash);
  return (request) => variantOf(names, request, isCredential, hash) === variant;
}

/** Fields whose members stand in no order of their own: preference is told by `q`. */
const UNORDERED: ReadonlySet<string> = new Set(['accept', 'accept-charset', 'accept-encoding', 'accept-language']);

/** One spelling for what means the same: no blanks around commas; in the Accept fields no order and, but for media types, no case (RFC 9111 section 4.1). */
function normalise(name: string, value: string): string {
  const members = splitList(value);
  if (!UNORDERED.has(name)) return members.join(',');
  const plain = members.map(withoutBlanks);
  return (name === 'accept' ? plain : plain.map((member) => member.toLowerCase())).sort().join(',');
}

/** Taken apart and not replaced: an expression that looks for blanks before a mark takes the square of their number. */
function withoutBlanks(member: string): string {
  return member
    .split(/([;=])/)
    .map((part) => part.trim())
    .join('');
}

/** A stored answer, as far as it tells who it is for. */
interface Varied {
  readonly vary: readonly string[];
  readonly variant: string;
  readonly headers: HeaderList;
}

/**
 * Whether a stored answer is for this request. Where it only differs in Accept-Language, an answer in the one language that the request likes best is still the
 * one that it would get.
 */
export function matches(stored: Varied, request: HeaderList, isCredential: (name: string) => boolean, hash: Hash): boolean {
  if (stored.vary.length === 0) return true;
  const variant = variantOf(stored.vary, request, isCredential, hash);
  if (variant === stored.variant) return true;
  if (!stored.vary.includes('accept-language')) return false;
  const spoken = headerValue(stored.headers, 'content-language')?.trim().toLowerCase();
  if (spoken === undefined || favouriteLanguage(headerList(request, 'accept-language')) !== spoken) return false;
  return withoutLanguage(variant) === withoutLanguage(stored.variant);
}

function withoutLanguage(variant: string): string {
  return variant.replace(/^accept-language.*\n/m, '');
}

/** The one language with the highest weight; undefined where two share it or none is named. */
function favouriteLanguage(value: string | undefined): string | undefined {
  let best: string | undefined;
  let weight = 0;
  for (const member of splitList(value?.toLowerCase() ?? '')) {
    const [language = '', ...parameters] = member.split(';').map((part) => part.trim());
    const q = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    if (q === weight) best = undefined;
    if (q > weight) [best, weight] = [language, q];
  }
  return best;
}
