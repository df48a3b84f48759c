import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GEMINI_HOST, GeminiSimulator } from './gemini/simulator.ts';
import { makeIdentity } from './identity.ts';
import { seededRandom } from './random.ts';
import { SUPABASE_HOST, SupabaseSimulator } from './supabase/simulator.ts';
import { GRAPH_HOST, LOOKASIDE_HOST, WhatsAppSimulator } from './whatsapp/simulator.ts';

/** What can be chosen; everything has a default. */
export interface SimulatorsOptions {
  /** For latencies and probabilities (1). */
  readonly seed?: number;
  /** Round-trip time of the network in front of all (0). */
  readonly rttMs?: number;
  /** Ports; 0 or absent: any free one. */
  readonly ports?: { readonly whatsapp?: number; readonly gemini?: number; readonly supabase?: number };
  /** Host name of the Supabase project. */
  readonly supabaseHost?: string;
  /** Where the root certificate is written; absent: a directory in the system's temporary one, removed at the end. */
  readonly directory?: string;
}

/** The three simulated upstreams, under one root of their own. */
export interface Simulators extends AsyncDisposable {
  readonly whatsapp: WhatsAppSimulator;
  readonly gemini: GeminiSimulator;
  readonly supabase: SupabaseSimulator;
  /** The root certificate, PEM, and the file that holds it: for `tls: { ca: FILE }`. */
  readonly ca: string;
  readonly caFile: string;
  /** Which `127.0.0.1:PORT` stands for which host. */
  readonly addresses: ReadonlyMap<string, string>;
}

/** Starts all of them on loopback. `await using` ends them. */
export async function startSimulators(options: SimulatorsOptions = {}): Promise<Simulators> {
  const { seed = 1, rttMs = 0, ports = {}, supabaseHost = SUPABASE_HOST } = options;
  const identity = await makeIdentity([GRAPH_HOST, LOOKASIDE_HOST, GEMINI_HOST, supabaseHost]);
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'simulators-')));
  const caFile = join(directory, 'simulators-ca.pem');
  await writeFile(caFile, identity.ca);
  const parts = (offset: number) => ({ identity, rttMs, random: seededRandom(seed + offset) });
  const whatsapp = new WhatsAppSimulator(parts(0));
  const gemini = new GeminiSimulator(parts(1));
  const supabase = new SupabaseSimulator(parts(2), supabaseHost);
  await Promise.all([whatsapp.start(ports.whatsapp ?? 0), gemini.start(ports.gemini ?? 0), supabase.start(ports.supabase ?? 0)]);
  const all = [whatsapp, gemini, supabase];
  return {
    whatsapp,
    gemini,
    supabase,
    ca: identity.ca,
    caFile,
    addresses: new Map(all.flatMap((one) => one.hosts.map((host) => [host, one.resolve] as const))),
    async [Symbol.asyncDispose]() {
      await Promise.all(all.map((one) => one[Symbol.asyncDispose]()));
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}
