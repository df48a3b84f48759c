import { expect } from 'vitest';
import { jsonAnswer } from '../../simulators/answer.ts';
import { checkAnswer, checkArrivals, checkEffects } from './check-exchange.ts';
import { checkCounts, checkDecisions, checkJournal, counts } from './check-telling.ts';
import { ask } from './client.ts';
import { type Case, expectationOf } from './model.ts';
import { planLookups } from './names.ts';
import type { Rig } from './rig.ts';

/** Longer than any case takes. */
const PATIENCE_MS = 20_000;

/** Runs one case on a rig that is its own for the time, and checks everything that can be seen of it. */
export async function run(rig: Rig, one: Case): Promise<void> {
  const { route, id, trouble } = one;
  const expected = expectationOf(one);
  const service = rig.sim[route.upstream];
  await inTime(rig.clear(), 'an end of the case before');
  const host = await inTime(rig.prepare(trouble?.limit, trouble?.name === 'DNS failure'), 'its configuration');
  const sending = route.sending(rig.sim, id);
  const { answer, strikes } = await inTime(strike(rig, one, host), 'its fault');
  const before = counts(rig, route);
  const headers = { ...sending.headers, 'x-request-id': `case-${id}`, 'x-case': id };
  const ended = rig.ended(`case-${id}`);
  const way = one.way === 'prefix' ? { port: rig.port, prefix: route.upstream } : { port: rig.port, ca: rig.ca };
  const got = await inTime(ask(way, route.host, route.method, { ...sending, headers }), 'its answer');
  expect(got.status, 'the client got an answer').toBeGreaterThan(0);
  await inTime(ended, 'its end');
  const seen = service.requests.filter((request) => request.headers['x-case'] === id);
  checkAnswer(got, one, expected, answer);
  checkArrivals(seen, one, expected, sending);
  checkEffects(rig, seen, one, expected);
  checkDecisions(rig, one, expected);
  checkJournal(rig, one, expected);
  checkCounts(before, counts(rig, route), one, expected);
  expect(strikes()).toBe(trouble !== undefined && 'fault' in trouble.strike ? expected.struck : 0);
}

/** What never comes fails its own case, and not all that wait behind it. */
async function inTime<T>(coming: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} has not come`)), PATIENCE_MS);
  });
  return Promise.race([coming, late]).finally(() => clearTimeout(timer));
}

/** Plans the faults of a case, and the answer that follows them. */
async function strike(rig: Rig, { route, trouble, healsAt, id }: Case, host: string): Promise<{ answer: Buffer; strikes: () => number }> {
  const service = rig.sim[route.upstream];
  const on = { when: ({ headers }: { headers: Readonly<Record<string, string>> }) => headers['x-case'] === id };
  let strikes = (): number => 0;
  planLookups(host, 'finds');
  if (trouble !== undefined && healsAt > 1) {
    if ('lookup' in trouble.strike) {
      const { lookup } = trouble.strike;
      planLookups(host, healsAt === Infinity ? lookup : Array.from({ length: healsAt - 1 }, () => lookup));
      if (lookup === 'swallows') await rig.swallow();
    } else {
      const handle = service.fault(trouble.strike.fault, { on, times: healsAt - 1 });
      strikes = () => handle.hits;
    }
  }
  const own = route.ownAnswer?.(rig.sim, id);
  if (own !== undefined) return { answer: own, strikes };
  const right = jsonAnswer(200, { id, text: `zażółć gęślą jaźń ${id}` });
  service.fault({ kind: 'answer', answer: right }, { on, effect: true });
  return { answer: right.body, strikes };
}
