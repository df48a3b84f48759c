import type { Simulators } from '../../test/simulators/start.ts';
import type { Experience } from './load.ts';

/** How long something took, over many. Milliseconds. */
export interface Spread {
  readonly count: number;
  readonly okShare: number;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly longest: number;
}

/** One half of the demo in figures. */
export interface Figures {
  readonly requests: Spread;
  readonly calls: Spread;
  /** Calls that reached each upstream, and connections opened there. */
  readonly reached: Readonly<Record<string, { readonly calls: number; readonly connections: number }>>;
  readonly duplicateMessages: number;
  readonly duplicateInserts: number;
  /** Why requests failed, most frequent first. */
  readonly failures: readonly (readonly [string, number])[];
}

/** Counts one half. */
export function figuresOf(experience: Experience, sim: Simulators): Figures {
  const { whatsapp, gemini, supabase } = sim;
  const reached = Object.entries({ whatsapp, gemini, supabase }).map(
    ([name, one]) => [name, { calls: one.requests.length, connections: one.connections.accepted }] as const,
  );
  return {
    requests: spread(experience.requests),
    calls: spread(experience.calls),
    reached: Object.fromEntries(reached),
    duplicateMessages: whatsapp.duplicatesSent(),
    duplicateInserts:
      repeats(supabase.inserted('messages').map((row) => `${String(row['direction'])} ${String(row['wa_message_id'])}`)) +
      repeats(supabase.inserted('media').map((row) => String(row['path']))),
    failures: tally(experience.requests.flatMap(({ error }) => (error === undefined ? [] : [error]))),
  };
}

function spread(samples: readonly { readonly ok: boolean; readonly ms: number }[]): Spread {
  const sorted = samples.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return {
    count: sorted.length,
    okShare: samples.filter(({ ok }) => ok).length / Math.max(1, samples.length),
    mean: sorted.reduce((sum, ms) => sum + ms, 0) / Math.max(1, sorted.length),
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    longest: sorted.at(-1) ?? 0,
  };
}

/** How many are there more than once: copies too many. */
function repeats(keys: readonly string[]): number {
  return keys.length - new Set(keys).size;
}

function tally(texts: readonly string[]): (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a);
}
