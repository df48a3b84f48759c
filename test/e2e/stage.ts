import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environmentOf } from '../../src/app/environment.ts';
import { seedIncident } from '../simulators/seed.ts';
import { type Simulators, startSimulators } from '../simulators/start.ts';
import { startDirectTunnel } from './direct-tunnel.ts';
import { type Sidecar, startSidecar } from './sidecar.ts';

/** How a client reaches the upstreams: straight, by `HTTPS_PROXY` through Breakwater, or by base URL through Breakwater. */
export type Way = 'direct' | 'proxy' | 'base-url';

/** What a client program is told, as JSON in `CLIENT_SETTINGS`. */
export interface ClientSettings {
  readonly way: Way;
  readonly supabaseUrl: string;
  readonly supabaseKey: string;
  readonly userToken: string;
  readonly graphUrl: string;
  readonly geminiUrl: string;
  readonly mediaId: string;
}

/** Simulators, a way to reach them directly, and Breakwater in front of them. */
export interface Stage extends AsyncDisposable {
  readonly sim: Simulators;
  readonly sidecar: Sidecar;
  /** The environment of a client for each way. */
  environment(way: Way): Record<string, string>;
  /** No faults, no records, no rows that a client left. */
  clear(): void;
}

/** Shorter than the presets', so that a stalled answer costs a test one second and not seven. */
const SHORT = { timeouts: { headers: '1s' } };

/** Sets everything up. What Supabase's clients ask for next is asked ahead, so that all that they see is seen with that too. */
export async function startStage(): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'breakwater-e2e-'));
  const sim = await startSimulators();
  const { mediaId } = seedIncident(sim);
  sim.supabase.seed('notes', [], { columns: ['id', 'text', 'stars'] });
  sim.supabase.define('add', ({ a, b }) => Number(a) + Number(b));
  const { token } = sim.supabase.auth.signUp('ann@example.com');
  const tunnel = await startDirectTunnel(sim.addresses);
  const sidecar = await startSidecar(sim, directory, { whatsapp: SHORT, gemini: SHORT, supabase: { ...SHORT, prefetch: {} } });
  const base = `http://127.0.0.1:${sidecar.proxy.port}`;
  const common = { supabaseKey: sim.supabase.serviceKey, userToken: token, mediaId };
  const real = {
    supabaseUrl: 'https://simulated.supabase.co',
    graphUrl: 'https://graph.facebook.com',
    geminiUrl: 'https://generativelanguage.googleapis.com',
  };
  const prefixed = { supabaseUrl: `${base}/supabase`, graphUrl: `${base}/whatsapp`, geminiUrl: `${base}/gemini` };
  return {
    sim,
    sidecar,
    environment(way) {
      const settings: ClientSettings = { way, ...common, ...(way === 'base-url' ? prefixed : real) };
      const byWay: Record<Way, Readonly<Record<string, string>>> = {
        direct: environmentOf({ proxyUrl: tunnel.url, bundle: sim.caFile, noProxy: '' }),
        proxy: sidecar.environment,
        'base-url': { GOOGLE_GEMINI_BASE_URL: settings.geminiUrl },
      };
      return {
        ...byWay[way],
        CLIENT_SETTINGS: JSON.stringify(settings),
        ...shellNames(settings),
      };
    },
    clear() {
      for (const one of [sim.whatsapp, sim.gemini, sim.supabase]) {
        one.heal();
        one.forget();
      }
      for (const table of ['messages', 'media', 'notes']) sim.supabase.database.table(table).rows = [];
      sim.supabase.storage.clear();
    },
    async [Symbol.asyncDispose]() {
      await sidecar[Symbol.asyncDispose]();
      await tunnel[Symbol.asyncDispose]();
      await sim[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The settings once more, for a shell script, which reads no JSON. */
function shellNames(settings: ClientSettings): Record<string, string> {
  const { way, supabaseUrl, supabaseKey, graphUrl, geminiUrl, mediaId } = settings;
  return { WAY: way, SUPABASE_URL: supabaseUrl, SUPABASE_KEY: supabaseKey, GRAPH_URL: graphUrl, GEMINI_URL: geminiUrl, MEDIA_ID: mediaId };
}
