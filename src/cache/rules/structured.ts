// Structured field values (RFC 9651), each written as it stands in the ABNF. No two alternatives can begin alike, so that nothing is tried twice.
const KEY = '[a-z*][a-z0-9_.*-]*';
const NUMBER = String.raw`-?(?:\d{1,12}\.\d{1,3}|\d{1,15})(?![\d.])`;
const STRING = String.raw`"(?:[ !#-[\]-~]|\\["\\])*"`;
const TOKEN = "[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*";
const BYTES = ':[A-Za-z0-9+/=]*:';
const BOOLEAN = String.raw`\?[01]`;
const DATE = String.raw`@-?\d{1,15}(?![\d.])`;
const DISPLAY = '%"(?:[ !#$&-~]|%[0-9a-f]{2})*"';
const ITEM = `(?:${[NUMBER, STRING, TOKEN, BYTES, BOOLEAN, DATE, DISPLAY].join('|')})`;
const PARAMETERS = `(?:; *${KEY}(?:=${ITEM})?)*`;
const INNER_LIST = String.raw`\( *(?:${ITEM}${PARAMETERS}(?: +|(?=\))))*\)`;

const MEMBER = new RegExp(`(${KEY})(?:=(${ITEM}|${INNER_LIST}))?${PARAMETERS}`, 'y');
const LISTED = new RegExp(`(${ITEM})${PARAMETERS}`, 'g');
const GAP = /[ \t]*(?:,[ \t]*|$)/y;

/** The value of a member: integers and booleans as they are, anything else as text: strings without their quotes, the items of an inner list joined by commas. */
type Value = string | number | boolean;

/** Reads a dictionary (RFC 9651 section 3.2), without parameters; the last of several members with one key counts. Undefined where it is not one. */
export function dictionary(text: string): Map<string, Value> | undefined {
  const members = new Map<string, Value>();
  let at = 0;
  while (at < text.length) {
    MEMBER.lastIndex = at;
    const [whole = '', key = '', raw] = MEMBER.exec(text) ?? [];
    const value = valueOf(raw);
    if (key === '' || value === undefined) return undefined;
    members.set(key, value);
    GAP.lastIndex = at + whole.length;
    const gap = GAP.exec(text)?.[0];
    if (gap === undefined) return undefined;
    at += whole.length + gap.length;
    if (gap !== '' && at === text.length) return undefined;
  }
  return members;
}

/** The value of a member; undefined where it is no UTF-8. */
function valueOf(raw: string | undefined): Value | undefined {
  if (raw === undefined || raw === '?1') return true;
  if (raw === '?0') return false;
  if (/^-?\d+$/.test(raw)) return Number(raw);
  return raw.startsWith('(') ? listed(raw) : itemText(raw);
}

/** The items of an inner list, joined by commas. */
function listed(raw: string): string | undefined {
  const items = [...raw.slice(1, -1).matchAll(LISTED)].map(([, item = '']) => itemText(item));
  return items.includes(undefined) ? undefined : items.join(',');
}

/** An item as text. */
function itemText(raw: string): string | undefined {
  if (raw.startsWith('"')) return raw.slice(1, -1).replace(/\\(.)/g, '$1');
  if (!raw.startsWith('%"')) return raw;
  try {
    return decodeURIComponent(raw.slice(2, -1));
  } catch {
    return undefined;
  }
}
