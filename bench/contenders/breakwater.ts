import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, PROXY_CORE, start, until, probe } from '../lib/process.ts';
import { type Contender, configured, type Endpoint, home, type Mode, originUrl, type Setup } from './contender.ts';

const root = join(import.meta.dirname, '../..');
/** As it is shipped. */
const built = join(root, 'dist/cli/main.js');
const source = join(root, 'src/cli/main.ts');
/** As `npm start` and the image have it. */
export const FLAGS = ['--no-memory-reducer'];

/** What `bench` may vary on Breakwater besides the setup. */
interface Variant {
  readonly name: string;
  readonly title: string;
  readonly modes: readonly Mode[];
  /** What the upstream says besides its origin. */
  readonly upstream: (setup: Setup) => object;
  /** What the configuration says besides its upstream. */
  readonly rest?: object;
  /** Flags for Node itself. */
  readonly flags?: readonly string[];
  /** The program; what `npm run build` made, unless said. */
  readonly cli?: string;
}

/** Breakwater in one of its configurations. The access log is off, as it is for all others. */
export function breakwaterOf(variant: Variant): Contender {
  return {
    name: variant.name,
    title: variant.title,
    modes: variant.modes,
    missing: () => (existsSync(variant.cli ?? built) ? undefined : 'npm run build'),
    version: () => (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version,
    start: (setup) => startBreakwater(variant, setup),
  };
}

async function startBreakwater(variant: Variant, setup: Setup): Promise<Endpoint> {
  const directory = home(setup, 'breakwater');
  const [port, adminPort] = [await freePort(), await freePort()];
  const config = {
    version: 1,
    listen: { port },
    admin: { port: adminPort },
    log: { level: 'warn', access: false },
    intercept: { ca: join(directory, 'ca') },
    ...variant.rest,
    upstreams: { origin: { origin: originUrl(setup), pool: { connections: setup.connections }, ...trust(setup), ...variant.upstream(setup) } },
  };
  // JSON is YAML too
  const file = configured(directory, 'breakwater.yaml', JSON.stringify(config, null, 2));
  const program = start([process.execPath, ...FLAGS, ...(variant.flags ?? []), variant.cli ?? built, 'run', '-c', file], PROXY_CORE, directory);
  // it serves before it is ready, which it is once the roots for clients are written: intercepted clients alone need those
  await until(program, () => probe(adminPort, setup.mode === 'intercept' ? '/health/ready' : '/health/live'));
  return { port, prefix: setup.mode === 'intercept' ? '' : '/origin', program };
}

function trust(setup: Setup): object {
  return setup.upstream.scheme === 'https' ? { tls: { ca: setup.certificates.ca } } : {};
}

const preset = { preset: 'supabase' };
const uncached = { ...preset, cache: { enabled: false } };

/** Nothing but an origin. */
export const breakwaterBare = breakwaterOf({
  name: 'breakwater-bare',
  title: 'Breakwater, an origin and nothing else',
  modes: ['reverse', 'intercept'],
  upstream: () => ({}),
});

/** All policies, no cache; cached where the scenario is about hits. */
export const breakwater = breakwaterOf({
  name: 'breakwater',
  title: 'Breakwater, the whole Supabase preset (cache on for hits only)',
  modes: ['reverse', 'cache', 'intercept'],
  upstream: (setup) =>
    setup.mode === 'cache' ? { ...preset, routes: [{ match: { method: 'GET', path: '/**' }, cache: { enabled: true, ttl: '5m' } }] } : uncached,
});

/** The same as it runs in development: from source, whose types Node takes out as it loads it. */
export const breakwaterSource = breakwaterOf({
  name: 'breakwater-source',
  title: 'Breakwater from source',
  modes: ['reverse'],
  upstream: () => uncached,
  cli: source,
});

/** As many routes as `count`, besides the preset's own; the scenario asks for the last one. */
export function breakwaterRoutes(count: number): Contender {
  const routes = Array.from({ length: count }, (_, n) => ({ name: `r${n}`, match: { method: 'GET', path: `/rest/v1/t${n}/{id}` } }));
  return breakwaterOf({
    name: `${count} routes`,
    title: `Breakwater with ${count} routes of its own`,
    modes: ['reverse'],
    upstream: () => ({ ...uncached, routes }),
  });
}
