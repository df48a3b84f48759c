import type { PushbackRule } from '../config/schema.ts';
import { parseDuration } from '../config/units.ts';
import { headerValue, type HeaderList } from '../model/headers.ts';
import { type JsonPath, parseJsonPath } from '../model/json-path.ts';
import { parseJson } from '../model/json.ts';

/** The longest wait that is taken for meant, in milliseconds: after a day the upstream is asked again. What it says need not even be a date. */
const LONGEST_MS = 86_400_000;

/** Reads how long an answer asks to wait, in milliseconds, a day at most; undefined where it does not say. `document` is its JSON body, if it was read. */
export type Pushback = (headers: HeaderList, document: unknown, wallNowMs: number) => number | undefined;

type Format = NonNullable<PushbackRule['format']>;

/** `Retry-After` first (RFC 9110 section 10.2.3), then the rules of the configuration, in order, but for those that speak of a quota alone. */
export function compilePushback(rules: readonly PushbackRule[]): Pushback {
  return firstOf([reader({ header: 'retry-after' }), ...rules.filter(({ quotaOnly }) => quotaOnly !== true).map(reader)]);
}

/** The rules that say how long a quota is used up, and nothing of other requests: neither a retry nor a breaker goes by them. */
export function compileQuotaPushback(rules: readonly PushbackRule[]): Pushback {
  return firstOf(rules.filter(({ quotaOnly }) => quotaOnly === true).map(reader));
}

function firstOf(readers: readonly Pushback[]): Pushback {
  return (headers, document, wallNowMs) => {
    for (const read of readers) {
      const waitMs = read(headers, document, wallNowMs);
      if (waitMs !== undefined) return Math.min(waitMs, LONGEST_MS);
    }
    return undefined;
  };
}

/** Whether a rule needs the body of an answer. One with a header too reads the document in that. */
export function readsBody(rules: readonly PushbackRule[]): boolean {
  return rules.some((rule) => rule.json !== undefined && rule.header === undefined);
}

function reader(rule: PushbackRule): Pushback {
  const format = rule.format ?? (rule.json === undefined ? 'retry-after' : 'duration');
  const name = rule.header?.toLowerCase();
  const path = rule.json === undefined ? undefined : parseJsonPath(rule.json);
  if (name !== undefined && path !== undefined) return inDocumentOf(name, path, format);
  return (headers, document, wallNowMs) => {
    const values = name === undefined ? (path?.(document) ?? []) : [headerValue(headers, name)];
    for (const value of values) {
      const waitMs = value === undefined || value === null ? undefined : readWait(String(value).trim(), format, wallNowMs);
      if (waitMs !== undefined) return waitMs;
    }
    return undefined;
  };
}

/** A document in a header, such as a count of what is used up by several limits: the longest of its waits; a wait of 0 is none. */
function inDocumentOf(name: string, path: JsonPath, format: Format): Pushback {
  return (headers, _document, wallNowMs) => {
    const text = headerValue(headers, name);
    const values = text === undefined ? [] : path(parseJson(text));
    const longest = Math.max(0, ...values.map((value) => readWait(String(value).trim(), format, wallNowMs) ?? 0));
    return longest === 0 ? undefined : longest;
  };
}

/** One value in one of the formats; a time that is over is 0. */
function readWait(text: string, format: Format, wallNowMs: number): number | undefined {
  if (format === 'duration') return parseDuration(text);
  const amount = /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
  if (amount === undefined) return format === 'retry-after' ? untilDate(text, wallNowMs) : undefined;
  switch (format) {
    case 'retry-after':
    case 'seconds':
      return amount * 1000;
    case 'milliseconds':
      return amount;
    case 'minutes':
      return amount * 60_000;
    case 'unix':
      return Math.max(0, amount * 1000 - wallNowMs);
  }
}

function untilDate(text: string, wallNowMs: number): number | undefined {
  const date = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - wallNowMs);
}
