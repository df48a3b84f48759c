import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Sidecar, startSidecar } from '../test/e2e/sidecar.ts';
import { seedIncident } from '../test/simulators/seed.ts';
import { startSimulators } from '../test/simulators/start.ts';
import { makeCall } from './demo/call.ts';
import { type Dial, dialDirect, dialThrough } from './demo/dial.ts';
import { median, ratios } from './lib/stats.ts';

/**
 * What asking ahead brings a chain of four dependent reads: message, conversation, account, bot profile, 25 ms of network a round trip, a new connection for each call, as the backend
 * does. `gap` is what the backend does by itself between an answer and its next call: httpx needs some 20 ms to set a new client up. Nothing is cached. The ways take turns.
 * `node bench/prefetch.ts [WALKS]`
 */
const WALKS = Number(process.argv[2] ?? 40);
const RTT_MS = 25;
const GAPS_MS = [0, 10, 30];
const CONVERSATIONS = 60;
/** Walks before those that count: connections are opened, and the chain is learned. */
const FIRST = 8;

interface Way {
  readonly name: string;
  readonly dial: Dial;
}

await using sim = await startSimulators({ rttMs: RTT_MS });
seedIncident(sim, CONVERSATIONS);
sim.supabase.seed(
  'messages',
  Array.from({ length: CONVERSATIONS }, (_, n) => ({ id: 5000 + n, conversation_id: 1 + n, body: `message ${n}` })),
);
const base = `https://${sim.supabase.hosts[0] ?? ''}/rest/v1`;
const headers = { apikey: sim.supabase.serviceKey, authorization: `Bearer ${sim.supabase.serviceKey}` };

async function read(dial: Dial, path: string): Promise<Record<string, unknown>> {
  const { ok, body, error } = await makeCall({ service: 'supabase', method: 'GET', url: `${base}/${path}`, headers }, dial);
  const [row] = ok ? (JSON.parse(body.toString()) as Record<string, unknown>[]) : [];
  if (row === undefined) throw new Error(error ?? `nothing at ${path}`);
  return row;
}

/** Milliseconds from the first call to the last answer. */
async function walk(dial: Dial, number: number, gapMs: number): Promise<number> {
  const from = performance.now();
  const message = await read(dial, `messages?select=*&id=eq.${5000 + (number % CONVERSATIONS)}`);
  await pause(gapMs);
  const conversation = await read(dial, `conversations?select=*&id=eq.${String(message['conversation_id'])}`);
  await pause(gapMs);
  const account = await read(dial, `accounts?select=*&id=eq.${String(conversation['account_id'])}`);
  await pause(gapMs);
  await read(dial, `bot_profiles?select=*&account_id=eq.${String(account['id'])}`);
  return performance.now() - from;
}

async function measure(ways: readonly [Way, Way, Way], gapMs: number): Promise<string> {
  const times = ways.map((): number[] => []);
  for (let number = 0; number < FIRST + WALKS; number++) {
    for (const [index, { dial }] of ways.entries()) {
      const took = await walk(dial, number, gapMs);
      if (number >= FIRST) times[index]?.push(took);
    }
  }
  const [direct = [], plain = [], ahead = []] = times;
  const shown = ways.map(({ name }, index) => `${name} ${median(times[index] ?? []).toFixed(0)} ms`).join(', ');
  const [ofPlain, ofDirect] = [plain, direct].map((other) => median(ratios(ahead, other)).toFixed(2));
  return `gap ${gapMs} ms: ${shown}; asking ahead takes ${ofPlain} of the same without, ${ofDirect} of direct`;
}

const directory = await mkdtemp(join(tmpdir(), 'breakwater-prefetch-'));
await using stack = new AsyncDisposableStack();
stack.defer(() => rm(directory, { recursive: true, force: true }));
const started = async (supabase: object): Promise<Sidecar> => {
  const own = await mkdtemp(join(directory, 'sidecar-'));
  return stack.use(await startSidecar(sim, own, { supabase: { ...supabase, routes: [{ name: 'settings-read', cache: { enabled: false } }] } }));
};
const through = ({ proxy, bundle }: Sidecar): Dial => dialThrough(proxy, bundle);
const ways: readonly [Way, Way, Way] = [
  { name: 'direct', dial: dialDirect(sim.addresses, sim.ca) },
  { name: 'Breakwater', dial: through(await started({})) },
  { name: 'Breakwater asking ahead', dial: through(await started({ prefetch: {} })) },
];
for (const gapMs of GAPS_MS) process.stdout.write(`${await measure(ways, gapMs)}\n`);
