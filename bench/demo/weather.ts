import type { Match } from '../../test/simulators/match.ts';
import type { Fault } from '../../test/simulators/faults.ts';
import type { Simulator } from '../../test/simulators/simulator.ts';
import type { Simulators } from '../../test/simulators/start.ts';
import { googleError, quotaError } from '../../test/simulators/gemini/errors.ts';
import { cloudflarePage, restError } from '../../test/simulators/supabase/errors.ts';
import { graphError } from '../../test/simulators/whatsapp/errors.ts';

/** What an episode does to an upstream, from when to when. */
interface Episode {
  readonly fromMs: number;
  readonly forMs: number;
  readonly begin: () => Promise<AsyncDisposable>;
}

const READS: Match = { method: 'GET', path: '/rest/v1/**' };
const WRITES: Match = { method: ['POST', 'PATCH'], path: '/*/v1/**' };
const SENDS: Match = { method: 'POST', path: '/*/*/messages' };
const LOOKUPS: Match = { method: 'GET', host: 'graph.facebook.com' };

/**
 * The weather of the incident: how long each service takes on a good day, and faults that come and go, each by its own chance. Both halves
 * get the same chances, on simulators of their own.
 */
export function startWeather(sim: Simulators, durationMs: number, gentle: boolean): { end(): Promise<void> } {
  goodDay(sim);
  const clearAt = performance.now() + durationMs;
  const during = (): boolean => performance.now() < clearAt;
  const chance = (upstream: Simulator, probability: number, fault: Fault, on: Match = {}): void =>
    void upstream.fault(fault, { probability, on, during });
  supabaseFaults(sim, chance, gentle);
  geminiFaults(sim, chance, gentle);
  whatsappFaults(sim, chance, gentle);
  const running = episodes(sim, durationMs, gentle).map(play);
  return {
    async end() {
      await Promise.all(running);
    },
  };
}

type Chance = (upstream: Simulator, probability: number, fault: Fault, on?: Match) => void;

function goodDay({ supabase, gemini, whatsapp }: Simulators): void {
  supabase.latency({ kind: 'lognormal', median: 12, sigma: 0.5, max: 200 });
  gemini.latency({ kind: 'lognormal', median: 650, sigma: 0.4, max: 2500 });
  whatsapp.latency({ kind: 'lognormal', median: 160, sigma: 0.4, max: 1500 });
}

function supabaseFaults({ supabase }: Simulators, chance: Chance, gentle: boolean): void {
  chance(supabase, 0.007, { kind: 'reset-connection' });
  // Gentle weather makes up for the long stalls that it leaves out.
  chance(supabase, gentle ? 0.08 : 0.04, { kind: 'stall-tls' });
  chance(supabase, 0.005, { kind: 'answer', answer: restError('PGRST003') }, READS);
  chance(supabase, 0.005, { kind: 'status', status: 503 }, READS);
  chance(supabase, 0.003, { kind: 'answer', answer: cloudflarePage(522) }, READS);
  chance(supabase, 0.007, { kind: 'reset-before-headers' }, READS);
  chance(supabase, 0.007, { kind: 'stall-headers' }, READS);
  chance(supabase, 0.01, { kind: 'answer', answer: restError('PGRST000') }, WRITES);
  chance(supabase, 0.005, { kind: 'answer', answer: cloudflarePage(521) }, WRITES);
}

function geminiFaults({ gemini }: Simulators, chance: Chance, gentle: boolean): void {
  chance(gemini, 0.007, { kind: 'reset-connection' });
  // of so few requests none may meet three in a row
  chance(gemini, gentle ? 0.02 : 0.035, { kind: 'answer', answer: googleError(503) });
  chance(gemini, 0.007, { kind: 'answer', answer: googleError(500) });
  chance(gemini, 0.007, { kind: 'answer', answer: quotaError('minute', '1s') });
  chance(gemini, 0.007, { kind: 'reset-before-headers' });
  chance(gemini, gentle ? 0.004 : 0.008, gentle ? { kind: 'stall-headers', forMs: 14_000 } : { kind: 'stall-headers' });
}

function whatsappFaults({ whatsapp }: Simulators, chance: Chance, gentle: boolean): void {
  chance(whatsapp, 0.007, { kind: 'reset-connection' });
  chance(whatsapp, gentle ? 0.06 : 0.025, { kind: 'stall-tls' });
  chance(whatsapp, 0.015, { kind: 'answer', answer: graphError(130429) }, SENDS);
  chance(whatsapp, 0.012, { kind: 'answer', answer: graphError(2) }, SENDS);
  chance(whatsapp, 0.02, { kind: 'answer', answer: graphError(1) }, LOOKUPS);
  chance(whatsapp, 0.01, { kind: 'reset-before-headers' }, LOOKUPS);
}

/** Something that happens at one moment. */
function once(act: () => void): Promise<AsyncDisposable> {
  act();
  return Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve() });
}

/** Slow moments and short outages, spread over the time. */
function episodes(sim: Simulators, durationMs: number, gentle: boolean): Episode[] {
  const { supabase, gemini, whatsapp } = sim;
  const at = (share: number): number => share * durationMs;
  const slow = (upstream: Simulator, min: number, max: number): Promise<AsyncDisposable> => {
    const fault = upstream.fault({ kind: 'slow', latency: { kind: 'uniform', min, max } });
    return Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve(fault.remove()) });
  };
  const all: Episode[] = [
    { fromMs: at(0.15), forMs: at(0.05), begin: () => slow(supabase, 800, 1600) },
    { fromMs: at(0.3), forMs: at(0.05), begin: () => slow(gemini, 1500, 3000) },
    { fromMs: at(0.45), forMs: gentle ? 100 : 200, begin: () => whatsapp.refuse('drain') },
    { fromMs: at(0.6), forMs: gentle ? 50 : 100, begin: () => supabase.refuse('drain') },
    { fromMs: at(0.75), forMs: 0, begin: () => once(() => gemini.cut()) },
    { fromMs: at(0.85), forMs: 1200, begin: () => gemini.blackhole('keep') },
  ];
  return gentle ? all.filter(({ forMs }) => forMs < 1200) : all;
}

async function play({ fromMs, forMs, begin }: Episode): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, fromMs));
  await using _episode = await begin();
  await new Promise((resolve) => setTimeout(resolve, forMs));
}
