import { withoutUserInfo } from './expected.ts';
import { childSchema, type JsonSchema, strictSchema } from './json-schema.ts';
import type { Config } from './schema.ts';
import { formatDuration, formatRate, formatSize } from './units.ts';

/** What stands in the place of a value that may be a secret. */
const HIDDEN = '***';
/** Settings of ours that are secrets. */
export const SECRETS: ReadonlySet<string> = new Set(['passphrase', 'secret', 'token']);
/** Maps from names to values of requests: those whose name speaks of a secret are hidden. */
const MATCHED: ReadonlySet<string> = new Set(['header', 'query', 'json']);
const SECRET_NAME = /auth|cookie|credential|key|pass|secret|session|signature|token/i;

/** A configuration for people: units as text again, credentials in URLs, headers that are sent and values with a secret's name hidden. */
export function describeConfig(config: Config): Record<string, unknown> {
  return describe(config, strictSchema(), '') as Record<string, unknown>;
}

/** A configuration for programs: its values as they are, the same hidden. */
export function withoutSecretValues(config: Config): Record<string, unknown> {
  return describe(config, undefined, '') as Record<string, unknown>;
}

function describe(value: unknown, schema: JsonSchema | undefined, key: string): unknown {
  if (typeof value === 'number') return withUnit(value, schema);
  if (typeof value === 'string') return withoutSecrets(value);
  if (Array.isArray(value)) return (value as unknown[]).map((item, index) => describe(item, schema && childSchema(schema, index), key));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  if (key === 'headers') return Object.fromEntries(entries.map(([name]) => [name, HIDDEN]));
  const hides = (name: string, item: unknown): boolean => SECRETS.has(name) || (MATCHED.has(key) && item !== '*' && SECRET_NAME.test(name));
  return Object.fromEntries(
    entries.map(([name, item]) => [name, hides(name, item) ? HIDDEN : describe(item, schema && childSchema(schema, name), name)]),
  );
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
