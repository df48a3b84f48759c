import type { Setup } from '../contenders/contender.ts';
import type { Case, Running } from '../scenarios/scenario.ts';
import type { Effort } from './effort.ts';
import { type Entrant, leave, messageOf, type Say } from './entrant.ts';

/** One round of a case whose contenders run at the same time: all are started, measured and stopped. */
export async function together(entrants: readonly Entrant[], one: Case, setup: Setup, effort: Effort, round: number, say: Say): Promise<void> {
  const takingPart = entrants.filter(({ absent }) => absent === undefined);
  const failed = (entrant: Entrant, error: unknown): void => {
    entrant.samples.push(null);
    entrant.failure = messageOf(error);
    say(`${one.name}, round ${round + 1}, ${entrant.contender.name}: ${messageOf(error)}`);
  };
  const started: Entrant[] = [];
  try {
    for (const entrant of takingPart) {
      try {
        entrant.endpoint = await entrant.contender.start(setup);
        started.push(entrant);
      } catch (error) {
        failed(entrant, error);
      }
    }
    const running = started.flatMap(({ contender, endpoint }): Running[] =>
      endpoint === undefined ? [] : [{ endpoint, visit: { contender, setup, seconds: effort.seconds } }],
    );
    const samples = (await one.together?.(running, effort.warmUp)) ?? [];
    for (const [n, entrant] of started.entries()) {
      const sample = samples[n];
      if (sample === undefined || sample instanceof Error) failed(entrant, sample ?? 'not measured');
      else entrant.samples.push(sample);
    }
    say(
      `${one.name}, round ${round + 1}: ${started.map(({ contender, samples: all }) => `${contender.name} ${all.at(-1)?.[one.metric]?.toFixed(0) ?? '-'}`).join(', ')}`,
    );
  } catch (error) {
    for (const entrant of started) failed(entrant, error);
  } finally {
    await leave(started);
    for (const entrant of started) entrant.endpoint = undefined;
  }
}
