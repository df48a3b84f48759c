import { withoutUserInfo } from './expected.ts';
import { childSchema, type JsonSchema, strictSchema } from './json-schema.ts';
import type { Config } from './schema.ts';
import { formatDuration, formatRate, formatSize } from './units.ts';

/** What stands in the place of a value that may be a secret. */
const HIDDEN = '***';
/** Maps from names to values of requests: a value may be a token. `*` and the names are harmless. */
const REQUEST_VALUES: ReadonlySet<string> = new Set(['header', 'headers', 'query', 'json']);

/** A configuration for people: units as text again, credentials in URLs and values of headers, queries and bodies hidden. */
export function describeConfig(config: Config): Record<string, unknown> {
  return describe(config, strictSchema(), '') as Record<string, unknown>;
}

function describe(value: unknown, schema: JsonSchema | undefined, key: string): unknown {
  if (typeof value === 'number') return withUnit(value, schema);
  if (typeof value === 'string') return withoutSecrets(value);
  if (Array.isArray(value)) return (value as unknown[]).map((item, index) => describe(item, schema && childSchema(schema, index), key));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  if (REQUEST_VALUES.has(key)) return Object.fromEntries(entries.map(([name, item]) => [name, item === '*' ? item : HIDDEN]));
  return Object.fromEntries(entries.map(([name, item]) => [name, describe(item, schema && childSchema(schema, name), name)]));
}

function withUnit(value: number, schema: JsonSchema | undefined): unknown {
  const titles = [schema, ...(schema?.anyOf ?? [])].map((branch) => branch?.title);
  if (titles.includes('duration')) return formatDuration(value);
  if (titles.includes('rate')) return formatRate(value);
  return titles.includes('size') ? formatSize(value) : value;
}

function withoutSecrets(text: string): string {
  return withoutUserInfo(text).replace(/([?&](?:key|apikey|token|access_token)=)[^&\s]*/gi, `$1${HIDDEN}`);
}
