import { type JsonSchema, keysOf } from './json-schema.ts';
import type { Path, ScalarTree, Tree } from './tree.ts';

/** A value that does not fit: where it stands, what is expected there, in words and as a schema. */
export interface Misfit {
  readonly path: Path;
  readonly found: Tree;
  readonly expected: string;
  readonly schema: JsonSchema | undefined;
}

/** The setting of a map that somebody means who writes a plain value in its place. */
const MAIN: Readonly<Record<string, string>> = {
  admin: 'port',
  bulkhead: 'concurrent',
  cache: 'ttl',
  hedge: 'after',
  intercept: 'ca',
  invalidate: 'tags',
  listen: 'port',
  log: 'level',
  match: 'path',
  probe: 'path',
  retry: 'attempts',
  timeouts: 'total',
  tls: 'ca',
};

/** Names that other tools have for a setting, by the map that they were written in; `upstream` is any upstream. Small letters, without - and _. */
const HABITS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  upstream: {
    retries: 'write retry: { attempts: N }, the first one counted',
    maxretries: 'write retry: { attempts: N }, the first one counted',
    url: 'did you mean origin?',
    baseurl: 'did you mean origin?',
    target: 'did you mean origin?',
    circuitbreaker: 'did you mean breaker?',
    ratelimit: 'write pace: [{ rate: 80/s }]',
  },
  retry: {
    count: 'did you mean attempts? The first one is counted',
    max: 'did you mean attempts? The first one is counted',
    maxretries: 'did you mean attempts? The first one is counted',
    retries: 'did you mean attempts? The first one is counted',
    methods: 'repeatable: true on a route says that its requests may be sent twice',
    on: 'what an answer means is for classify to say: [{ status: 503, as: refused }]',
    statuses: 'what an answer means is for classify to say: [{ status: 503, as: refused }]',
  },
  breaker: {
    errorthreshold: 'did you mean ratio?',
    failures: 'did you mean consecutive?',
    failurethreshold: 'did you mean consecutive?',
    maxfailures: 'did you mean consecutive?',
    threshold: 'did you mean consecutive?',
    cooldown: 'did you mean openFor?',
    resettimeout: 'did you mean openFor?',
    timeout: 'did you mean openFor?',
  },
  pool: { max: 'did you mean connections?', maxconnections: 'did you mean connections?', size: 'did you mean connections?' },
};

const TRUTHS: Readonly<Record<string, string>> = { yes: 'true', on: 'true', no: 'false', off: 'false' };

/** What to write instead of a value that does not fit, where that can be told. Never shows what a variable held. */
export function misfitHint(misfit: Misfit): string | undefined {
  const { path, found, expected, schema } = misfit;
  if (found.kind === 'map') return undefined;
  if (found.kind === 'list') return listHint(path, schema);
  if (found.variables !== undefined || found.value === null) return undefined;
  const text = String(found.value);
  if (path.at(-1) === 'origin') return originHint(text);
  if (expected.startsWith('expected a duration') && isNumber(text)) return `with its unit: ${text}s, or ${text}ms`;
  if (expected.startsWith('expected a size')) return sizeHint(text);
  if (schema?.type === 'boolean' && TRUTHS[text.toLowerCase()] !== undefined) return `write ${TRUTHS[text.toLowerCase()] ?? ''}`;
  if (schema?.type === 'number' && /^\d+(\.\d+)?%$/.test(text)) return `write ${Number.parseFloat(text) / 100}`;
  if (schema?.type === 'array') return schema.items?.type === 'string' && typeof found.value === 'string' ? 'write it in [ ]' : undefined;
  return keysOf(schema).length > 0 ? mapHint(path, found, schema) : undefined;
}

/** The setting that is meant by a name that other tools have for it. `depth`: the map that it stands in. */
export function habitHint(key: string, path: Path, value: Tree | undefined): string | undefined {
  const map = path.length === 2 && path[0] === 'upstreams' ? 'upstream' : String(path.at(-1));
  const habits = path[0] === 'upstreams' && Object.hasOwn(HABITS, map) ? HABITS[map] : undefined;
  const name = key.toLowerCase().replace(/[-_]/g, '');
  if (habits !== undefined && Object.hasOwn(habits, name)) return habits[name];
  const isUpstream = path.length === 0 && value?.kind === 'map' && ['origin', 'preset', 'hosts'].some((own) => value.entries.has(own));
  return isUpstream ? 'an upstream stands below upstreams:, indented' : undefined;
}

/** The nearest name that an upstream may have. */
export function upstreamNameHint(name: string): string | undefined {
  const fitting = name
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[-_]+|-+$/g, '');
  return fitting === '' ? undefined : `write ${fitting}`;
}

function listHint(path: Path, schema: JsonSchema | undefined): string | undefined {
  if (path.length === 1 && path[0] === 'upstreams') return 'write NAME: { origin: URL } for each, without the dash';
  const main = mainOf(path, schema);
  return main === 'tags' ? 'write { tags: [...] }' : undefined;
}

function mapHint(path: Path, { value }: ScalarTree, schema: JsonSchema | undefined): string | undefined {
  const keys = keysOf(schema);
  if (value === true) return keys.includes('mode') && schema?.required === undefined ? 'write {} for its defaults' : undefined;
  if (value === false) return keys.includes('enabled') ? 'write { enabled: false }' : undefined;
  const text = String(value);
  const [, host, port] = /^(.+):(\d+)$/.exec(text) ?? [];
  if (host !== undefined && keys.includes('host') && keys.includes('port')) return `write { host: ${host}, port: ${port ?? ''} }`;
  if (path.at(-2) === 'routes') return text.startsWith('/') ? `write { match: { path: ${text} } }` : undefined;
  if (path.at(-2) === 'steps') return text === 'stale' ? 'write { stale: true }' : undefined;
  const main = mainOf(path, schema);
  return main === undefined ? undefined : `write { ${main}: ${text} }`;
}

function mainOf(path: Path, schema: JsonSchema | undefined): string | undefined {
  const key = String(path.at(-1));
  const main = Object.hasOwn(MAIN, key) ? MAIN[key] : undefined;
  return main !== undefined && keysOf(schema).includes(main) ? main : undefined;
}

function originHint(text: string): string | undefined {
  if (/^https?:\/\/[^/?#@\s]+\/[^?#@\s]+$/.test(text)) return 'leave the path out: clients go on writing it in theirs';
  if (/^https?:\/\//i.test(text) && !/^https?:/.test(text)) return 'write it in small letters';
  return text.includes('://') ? undefined : 'begin it with https://';
}

function sizeHint(text: string): string | undefined {
  if (isNumber(text)) return `with its unit: ${text}B, or ${text}MiB`;
  const [, amount, unit] = /^(\d+(?:\.\d+)?) ?([kmg])i?b?$/i.exec(text) ?? [];
  return amount === undefined || unit === undefined ? undefined : `write ${amount}${unit.toUpperCase()}iB`;
}

function isNumber(text: string): boolean {
  return /^\d+(\.\d+)?$/.test(text);
}
