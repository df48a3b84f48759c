import type { Contender, Endpoint, Setup } from '../contenders/contender.ts';
import type { CaseResult, Row } from '../report/results.ts';
import { series } from '../report/summary.ts';
import type { Case, Sample } from '../scenarios/scenario.ts';
import type { Bench, Effort } from './bench.ts';
import { isQuiet, ratios } from './stats.ts';

/** A contender that takes part: warm and running, or out of the race with the reason. */
interface Entrant {
  readonly contender: Contender;
  readonly endpoint: Endpoint | undefined;
  readonly samples: (Sample | null)[];
  absent: string | undefined;
  /** What the last round that failed said. */
  failure?: string;
}

/** Told about progress, a line at a time. */
export type Say = (line: string) => void;

/** Runs one case: A/A first, again once where it is void, then all contenders in every round. */
export async function measureCase(bench: Bench, one: Case, contenders: readonly Contender[], say: Say): Promise<CaseResult> {
  const setup = bench.setupOf(one);
  let aa = await measureAa(bench, one, setup, say);
  if (aa.length > 0 && !isQuiet(aa)) aa = await measureAa(bench, one, setup, say);
  const entrants: Entrant[] = [];
  for (const contender of contenders) entrants.push(await enter(contender, one, setup, bench.effort, say));
  for (let round = 0; round < bench.effort.rounds; round++) await oneRound(entrants, one, setup, bench.effort, round, say);
  await leave(entrants);
  const excluded = Object.entries(one.excluded ?? {}).map(([name, why]): Row => ({ name, title: '', version: '', absent: why, samples: [] }));
  const { name, columns, metric, better, baseline } = one;
  return { name, columns, metric, better, baseline, aa, void: aa.length > 0 && !isQuiet(aa), rows: [...entrants.map(rowOf), ...excluded] };
}

/** The baseline against a second process of itself: its ratios, round by round. Empty where the case has no steady state. */
async function measureAa(bench: Bench, one: Case, setup: Setup, say: Say): Promise<number[]> {
  const baseline = one.contenders.find(({ name }) => name === one.baseline);
  if (one.live !== undefined || baseline === undefined || baseline.missing() !== undefined) return [];
  const pair = [];
  for (const contender of [baseline, baseline]) pair.push(await enter(contender, one, setup, bench.effort, say));
  for (let round = 0; round < (bench.effort.aaRounds ?? bench.effort.rounds); round++)
    await oneRound(pair, one, setup, bench.effort, round, () => undefined);
  await leave(pair);
  const [first, second] = pair.map((entrant) => series(rowOf(entrant), one.metric));
  const found = ratios(first ?? [], second ?? []);
  say(`A/A ${found.map((value) => value.toFixed(2)).join(' ')}`);
  return found;
}

async function enter(contender: Contender, one: Case, setup: Setup, effort: Effort, say: Say): Promise<Entrant> {
  const missing = contender.missing();
  const out = (absent: string | undefined): Entrant => ({ contender, endpoint: undefined, samples: [], absent });
  if (missing !== undefined) return out(`not installed: ${missing}`);
  if (one.live !== undefined) return out(undefined);
  let endpoint: Endpoint | undefined;
  try {
    endpoint = await contender.start(setup);
    await warmUp(endpoint, contender, one, setup, effort);
    return { contender, endpoint, samples: [], absent: undefined };
  } catch (error) {
    await endpoint?.program?.stop();
    say(`${contender.name}: ${messageOf(error)} ${endpoint?.program?.output().slice(-800) ?? ''}`);
    return out(`did not run: ${reasonIn(messageOf(error))}`);
  }
}

/** Until the first measurement goes well, which tells that the program is up, and then for as long as asked. */
async function warmUp(endpoint: Endpoint, contender: Contender, one: Case, setup: Setup, effort: Effort): Promise<void> {
  const deadline = performance.now() + 20_000;
  const visit = { contender, setup, seconds: 0.2 };
  while (true) {
    try {
      await one.measure?.(endpoint, visit);
      break;
    } catch (error) {
      if (performance.now() > deadline || endpoint.program?.ended() === true) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  if (effort.warmUp > 0) await one.measure?.(endpoint, { ...visit, seconds: effort.warmUp });
}

/** Each contender once. Every round begins with another, so that none always follows the same neighbour. */
async function oneRound(entrants: readonly Entrant[], one: Case, setup: Setup, effort: Effort, round: number, say: Say): Promise<void> {
  for (let n = 0; n < entrants.length; n++) {
    const entrant = entrants[(n + round) % entrants.length];
    if (entrant === undefined || entrant.absent !== undefined) continue;
    const { contender, endpoint, samples } = entrant;
    const visit = { contender, setup, seconds: one.seconds ?? effort.seconds };
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

async function leave(entrants: readonly Entrant[]): Promise<void> {
  await Promise.all(entrants.map(async ({ endpoint }) => endpoint?.program?.stop()));
}

function rowOf({ contender, samples, absent, failure }: Entrant): Row {
  const failed =
    absent ?? (samples.length > 0 && samples.every((sample) => sample === null) ? `failed in every round: ${reasonIn(failure ?? '')}` : undefined);
  return {
    name: contender.name,
    title: contender.title,
    version: contender.missing() === undefined ? contender.version() : '',
    absent: failed,
    samples,
  };
}

function figure(sample: Sample | undefined, metric: string): string {
  return `${metric} ${sample?.[metric]?.toFixed(1) ?? '-'}${(sample?.['errors'] ?? 0) > 0 ? `, ${sample?.['errors']} errors` : ''}`;
}

/** The line of a program's last words that says the most, fit for a table. */
function reasonIn(text: string): string {
  const line = text.split('\n').find((one) => /^\w*Error/.test(one)) ?? text.split('\n')[0] ?? '';
  return line.replaceAll('|', '/').slice(0, 120);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
