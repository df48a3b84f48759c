import { describe, expect, it } from 'vitest';
import type { AttemptRecord, Exchange } from '../../../src/model/exchange.ts';
import { AttemptRecords } from '../../../src/policy/attempt-records.ts';
import { exchangeOf, failed } from './fixtures.ts';

function record(number: number, status: number | undefined): AttemptRecord {
  return { number, status, failure: undefined, elapsedMs: 1, connectMs: 0, firstByteMs: 1, reused: true };
}

function make() {
  const told: [root: Exchange, record: AttemptRecord][] = [];
  const records = new AttemptRecords({ attemptEnded: (root, ended) => told.push([root, ended]) });
  records.expect(new Uint8Array(1000).fill(1, 200, 201).fill(1, 400, 401));
  const root = exchangeOf();
  root.attempt = 1;
  return { records, root, told };
}

const VERDICT = failed({ kind: 'status', rule: 'pair_limit' });
type Step = 'end' | 'judge' | 'break';

function orders(steps: readonly Step[]): Step[][] {
  return steps.length < 2 ? [[...steps]] : steps.flatMap((first) => orders(steps.filter((step) => step !== first)).map((rest) => [first, ...rest]));
}

describe('the records of attempts', () => {
  it('are told at once where their status is not judged, or no head has come', () => {
    const { records, root, told } = make();
    records.attemptEnded(root, record(1, 204));
    records.attemptEnded(root, record(2, undefined));
    expect(told).toHaveLength(2);
  });

  it.each(orders(['end', 'judge']))('are told once both their end and their verdict are known: %s, %s', (...steps) => {
    const { records, root, told } = make();
    for (const step of steps) {
      expect(told).toEqual([]);
      if (step === 'end') records.attemptEnded(root, record(1, 400));
      else records.judged(root, VERDICT);
    }
    expect(told).toMatchObject([[root, { number: 1, verdict: VERDICT }]]);
  });

  it.each(orders(['end', 'judge', 'break']))('wait for the end of a body that is watched: %s, %s, %s', (...steps) => {
    const { records, root, told } = make();
    records.watched(root);
    for (const step of steps) {
      expect(told).toEqual([]);
      if (step === 'end') records.attemptEnded(root, record(1, 200));
      else if (step === 'judge') records.judged(root, undefined);
      else records.watchEnded(root, VERDICT);
    }
    records.watchEnded(root, undefined);
    expect(told).toMatchObject([[root, { verdict: VERDICT }]]);
  });

  it('keep attempts apart that run beside each other, each on a branch, and tell them on the root', () => {
    const { records, root, told } = make();
    const [first, second] = [root.branch(), root.branch()];
    Object.assign(first, { attemptsBefore: 0, attempt: 1 });
    Object.assign(second, { attemptsBefore: 0, attempt: 2 });
    records.judged(second, VERDICT);
    records.attemptEnded(root, record(1, 200));
    records.judged(first, undefined);
    records.attemptEnded(root, record(2, 400));
    expect(told.map(([on, { number, verdict }]) => [on === root, number, verdict])).toEqual([
      [true, 1, undefined],
      [true, 2, VERDICT],
    ]);
  });
});
