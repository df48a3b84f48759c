import { describe, expect, it } from 'vitest';
import type { Contender } from '../../../bench/contenders/contender.ts';
import { effortOf, isDue, USUAL_EFFORT } from '../../../bench/lib/effort.ts';
import { enter, type Entrant, entrantsOf, rowOf } from '../../../bench/lib/entrant.ts';
import { together } from '../../../bench/lib/together.ts';
import type { Case, Running, Sample } from '../../../bench/scenarios/scenario.ts';

describe('the effort of a case', () => {
  it('is the usual one, but for what the case asks for, but for what the user asks for', () => {
    expect(effortOf(undefined, {})).toEqual(USUAL_EFFORT);
    expect(effortOf({ rounds: 9, warmUp: 3 }, { rounds: 2 })).toEqual({ ...USUAL_EFFORT, rounds: 2, warmUp: 3 });
  });

  it('takes what is no number as not asked for, and 0 as asked for', () => {
    expect(effortOf({ rounds: 9, warmUp: 3 }, { rounds: NaN, seconds: undefined, warmUp: 0 })).toEqual({ ...USUAL_EFFORT, rounds: 9, warmUp: 0 });
  });

  const roundsDone = (rounds: number, quietFrom: number): number => {
    let round = 0;
    while (isDue(round, rounds, round >= quietFrom)) round++;
    return round;
  };

  it('is its rounds, and up to half as many again while the machine is restless', () => {
    expect(roundsDone(5, 0)).toBe(5);
    expect(roundsDone(5, 6)).toBe(6);
    expect(roundsDone(5, Infinity)).toBe(7);
    expect(roundsDone(1, Infinity)).toBe(1);
  });
});

const contenderOf = (name: string, more: Partial<Contender> = {}): Contender => ({
  name,
  title: name,
  modes: ['reverse'],
  missing: () => undefined,
  version: () => '1.0',
  start: () => Promise.resolve({ port: 1, prefix: '', program: undefined }),
  ...more,
});

const base: Omit<Case, 'contenders'> = {
  name: 'a case',
  baseline: 'a',
  columns: [],
  metric: 'perSecond',
  better: 'higher',
  mode: 'reverse',
  behind: 'http',
};
const setup = {
  mode: 'reverse',
  upstream: { scheme: 'http', port: 1 },
  certificates: { ca: '', caKey: '', caBoth: '', cert: '', key: '', both: '' },
  directory: '',
  connections: 1,
  interactive: false,
} as const;
const effort = { rounds: 1, seconds: 1, warmUp: 0 };
const silent = (): void => undefined;

describe('who takes part', () => {
  const names = (entrants: readonly Entrant[]): string[] => entrants.map(({ contender }) => contender.name);

  it('has the baseline twice, far from each other', () => {
    const contenders = ['direct', 'a', 'b', 'c'].map((name) => contenderOf(name));
    const { entrants, twin } = entrantsOf(contenders, { ...base, contenders });
    expect(names(entrants)).toEqual(['direct', 'a', 'b', 'a', 'c']);
    expect(entrants.indexOf(twin as Entrant)).toBe(3);
  });

  it('has it once where the life of a program is measured, and where it is not installed', () => {
    const contenders = [contenderOf('a'), contenderOf('b')];
    expect(names(entrantsOf(contenders, { ...base, contenders, live: () => Promise.resolve({}) }).entrants)).toEqual(['a', 'b']);
    const missing = [contenderOf('a', { missing: () => 'apt-get install a' })];
    const { entrants, twin } = entrantsOf(missing, { ...base, contenders: missing });
    expect([twin, entrants[0]?.absent]).toEqual([undefined, 'not installed: apt-get install a']);
  });

  it('leaves out who does not start, and says why', async () => {
    const broken = contenderOf('b', { start: () => Promise.reject(new Error('no|port')) });
    const [entrant] = entrantsOf([broken], { ...base, contenders: [broken] }).entrants;
    if (entrant !== undefined) await enter(entrant, { ...base, contenders: [broken] }, setup, effort, silent);
    expect(entrant && rowOf(entrant).absent).toBe('did not run: no/port');
  });
});

describe('contenders that run at once', () => {
  const round = async (
    contenders: readonly Contender[],
    measured: (running: readonly Running[]) => readonly (Sample | Error)[],
  ): Promise<readonly Entrant[]> => {
    const one: Case = { ...base, contenders, together: (running) => Promise.resolve(measured(running)) };
    const { entrants } = entrantsOf(contenders, { ...one, baseline: 'none' });
    await together(entrants, one, setup, effort, 0, silent);
    return entrants;
  };

  it('have a sample each, and none where they did not start or were not served', async () => {
    const contenders = [contenderOf('a'), contenderOf('b', { start: () => Promise.reject(new Error('no')) }), contenderOf('c'), contenderOf('d')];
    const entrants = await round(contenders, (running) =>
      running.map(({ visit }) => (visit.contender.name === 'c' ? new Error('7 of 8 failed') : { done: 1 })),
    );
    expect(entrants.map(({ samples }) => samples)).toEqual([[{ done: 1 }], [null], [null], [{ done: 1 }]]);
    expect(entrants.map((entrant) => rowOf(entrant).absent)).toEqual([
      undefined,
      'failed in every round: no',
      'failed in every round: 7 of 8 failed',
      undefined,
    ]);
  });

  it('have no sample in a round in which the load fails', async () => {
    const entrants = await round([contenderOf('a'), contenderOf('b')], () => {
      throw new Error('the load was killed');
    });
    expect(entrants.map(({ samples }) => samples)).toEqual([[null], [null]]);
  });
});
