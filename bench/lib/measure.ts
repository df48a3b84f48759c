import type { Contender, Setup } from '../contenders/contender.ts';
import type { CaseResult, Row } from '../report/results.ts';
import { series } from '../report/summary.ts';
import type { Case, Sample } from '../scenarios/scenario.ts';
import type { Bench } from './bench.ts';
import { type Effort, isDue } from './effort.ts';
import { enter, type Entrant, entrantsOf, leave, messageOf, rowOf, type Say } from './entrant.ts';
import { thisMachine } from './machine.ts';
import { isQuiet, ratios } from './stats.ts';
import { together } from './together.ts';

/** Runs one case: all contenders in every round, the baseline twice. Where the two are not equal after all rounds, some more follow. */
export async function measureCase(bench: Bench, one: Case, contenders: readonly Contender[], effort: Effort, say: Say): Promise<CaseResult> {
  const setup = bench.setupOf(one);
  const { entrants, twin } = entrantsOf(contenders, one);
  const baseline = entrants.find(({ contender }) => contender.name === one.baseline);
  const aaOf = (): number[] => (twin === undefined || baseline === undefined ? [] : selfRatios(baseline, twin, one));
  try {
    if (one.measure !== undefined) for (const entrant of entrants) await enter(entrant, one, setup, effort, say);
    for (let round = 0; isDue(round, effort.rounds, twin === undefined || isQuiet(aaOf())); round++) {
      if (one.together === undefined) await oneRound(entrants, one, setup, effort, round, say);
      else await together(entrants, one, setup, effort, round, say);
    }
  } finally {
    await leave(entrants);
  }
  const aa = aaOf();
  if (aa.length > 0) say(`A/A ${aa.map((value) => value.toFixed(2)).join(' ')}`);
  const excluded = Object.entries(one.excluded ?? {}).map(([name, why]): Row => ({ name, title: '', version: '', absent: why, samples: [] }));
  const { name, columns, metric, better, baseline: base } = one;
  const rounds = Math.max(...entrants.map(({ samples }) => samples.length));
  const taken = { date: new Date().toISOString(), machine: thisMachine(), origin: bench.origin.kind, ...effort, rounds };
  const rows = [...entrants.filter((entrant) => entrant !== twin).map(rowOf), ...excluded];
  return { name, taken, columns, metric, better, baseline: base, aa, void: twin !== undefined && !isQuiet(aa), rows };
}

/** The baseline against a second process of itself: its ratios, round by round. */
function selfRatios(baseline: Entrant, twin: Entrant, { metric }: Case): number[] {
  return ratios(series(baseline, metric), series(twin, metric));
}

/** Each contender once. Every round begins with another, so that none is always the first. */
async function oneRound(entrants: readonly Entrant[], one: Case, setup: Setup, effort: Effort, round: number, say: Say): Promise<void> {
  for (let n = 0; n < entrants.length; n++) {
    const entrant = entrants[(n + round) % entrants.length];
    if (entrant === undefined || entrant.absent !== undefined) continue;
    const { contender, endpoint, samples } = entrant;
    const visit = { contender, setup, seconds: effort.seconds };
    try {
      const sample = endpoint === undefined ? await one.live?.(visit) : await one.measure?.(endpoint, visit);
      samples.push(sample ?? null);
      say(`${one.name}, round ${round + 1}, ${contender.name}: ${figure(sample, one.metric)}`);
    } catch (error) {
      samples.push(null);
      entrant.failure = messageOf(error);
      say(`${one.name}, round ${round + 1}, ${contender.name}: ${messageOf(error)}`);
    }
  }
}

function figure(sample: Sample | undefined, metric: string): string {
  return `${metric} ${sample?.[metric]?.toFixed(1) ?? '-'}${(sample?.['errors'] ?? 0) > 0 ? `, ${sample?.['errors']} errors` : ''}`;
}
