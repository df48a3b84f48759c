import type { Contender, Endpoint, Setup } from '../contenders/contender.ts';
import type { Row } from '../report/results.ts';
import type { Case, Sample } from '../scenarios/scenario.ts';
import type { Effort } from './effort.ts';

/** A contender that takes part: warm and running where the case measures a steady state, or out of the race with the reason. */
export interface Entrant {
  readonly contender: Contender;
  readonly samples: (Sample | null)[];
  endpoint: Endpoint | undefined;
  /** Why it is out. */
  absent: string | undefined;
  /** What the last round that failed said. */
  failure?: string;
}

/** Told about progress, a line at a time. */
export type Say = (line: string) => void;

/** All that take part, and the baseline a second time, far from itself in the order: the pair tells how restless the machine is. */
export function entrantsOf(
  contenders: readonly Contender[],
  one: Case,
): { readonly entrants: readonly Entrant[]; readonly twin: Entrant | undefined } {
  const entrants = contenders.map(entrantOf);
  const at = contenders.findIndex(({ name }) => name === one.baseline);
  const baseline = contenders[at];
  if (one.live !== undefined || baseline === undefined || baseline.missing() !== undefined) return { entrants, twin: undefined };
  const twin = entrantOf(baseline);
  entrants.splice((at + Math.ceil(entrants.length / 2)) % (entrants.length + 1), 0, twin);
  return { entrants, twin };
}

function entrantOf(contender: Contender): Entrant {
  const missing = contender.missing();
  return { contender, samples: [], endpoint: undefined, absent: missing === undefined ? undefined : `not installed: ${missing}` };
}

/** Starts a contender and warms it up; out of the race where that fails. */
export async function enter(entrant: Entrant, one: Case, setup: Setup, effort: Effort, say: Say): Promise<void> {
  const { contender } = entrant;
  if (entrant.absent !== undefined) return;
  let endpoint: Endpoint | undefined;
  try {
    endpoint = await contender.start(setup);
    await warmUp(endpoint, contender, one, setup, effort);
    entrant.endpoint = endpoint;
  } catch (error) {
    await endpoint?.program?.stop();
    say(`${contender.name}: ${messageOf(error)} ${endpoint?.program?.output().slice(-800) ?? ''}`);
    entrant.absent = `did not run: ${reasonIn(messageOf(error))}`;
  }
}

/** Measures until that goes well once, which tells that the program is up, and in all for as long as asked. */
async function warmUp(endpoint: Endpoint, contender: Contender, one: Case, setup: Setup, effort: Effort): Promise<void> {
  const deadline = performance.now() + 20_000;
  const visit = { contender, setup, seconds: Math.min(1, effort.warmUp || 0.2) };
  while (true) {
    try {
      await one.measure?.(endpoint, visit);
      break;
    } catch (error) {
      if (performance.now() > deadline || endpoint.program?.ended() === true) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  if (effort.warmUp > 1) await one.measure?.(endpoint, { ...visit, seconds: effort.warmUp - 1 });
}

/** Stops all that run. */
export async function leave(entrants: readonly Entrant[]): Promise<void> {
  await Promise.all(entrants.map(async ({ endpoint }) => endpoint?.program?.stop()));
}

/** What a contender came to, for the table. */
export function rowOf({ contender, samples, absent, failure }: Entrant): Row {
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

/** The line of a program's last words that says the most, fit for a table. */
function reasonIn(text: string): string {
  const line = text.split('\n').find((one) => /^\w*Error/.test(one)) ?? text.split('\n')[0] ?? '';
  return line.replaceAll('|', '/').slice(0, 120);
}

/** What an error says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
