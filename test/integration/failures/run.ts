import { expect } from 'vitest';
import { attemptLabels, requestLabels } from '../../../src/telemetry/route-stats.ts';
import { DECISIONS } from '../../../src/telemetry/codes.ts';
import { jsonAnswer } from '../../simulators/answer.ts';
import type { SeenRequest } from '../../simulators/recorder.ts';
import { ask, type Got } from './client.ts';
import { expectDialect } from './dialects.ts';
import type { Trouble } from './faults.ts';
import { type Cell, type Expectation, expectationOf, ourCode } from './model.ts';
import { planLookups } from './names.ts';
import type { Rig } from './rig.ts';
import type { Route, Sending } from './routes.ts';

/** Longer than any case takes. */
const PATIENCE_MS = 20_000;

/** A cell with what is its own: an id made of digits, and the way in. */
export interface Case extends Cell {
  readonly id: string;
  readonly way: 'prefix' | 'connect';
}

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

// What the client got

function checkAnswer(got: Got, { route, trouble, id }: Case, expected: Expectation, answer: Buffer): void {
  const { ending } = expected;
  expect([got.status, got.broken ? 'broken' : 'whole']).toEqual([expected.status, ending === 'broken' ? 'broken' : 'whole']);
  expect(got.headers['x-request-id']).toBe(`case-${id}`);
  expect(got.headers['x-proxy-outcome']).toBe(expected.unknown ? 'unknown' : undefined);
  if (ending === 'right') expect(got.body.equals(answer)).toBe(true);
  if (ending === 'broken') checkBroken(got, route, trouble, answer);
  if (ending === 'upstream') {
    expect(got.body.toString()).toBe(trouble?.answer?.body.toString());
    for (const [name, value] of Object.entries(trouble?.answer?.headers ?? {})) expect([name, got.headers[name]]).toEqual([name, value]);
  }
  if (ending !== 'ours') {
    expect(got.headers['x-proxy-error']).toBeUndefined();
    expect(got.headers['retry-after']).toBe(ending === 'upstream' ? trouble?.answer?.headers['retry-after'] : undefined);
    return;
  }
  const told = expected.told.find(({ code }) => got.headers['x-proxy-error'] === ourCode(route, code));
  expect(told, `x-proxy-error ${String(got.headers['x-proxy-error'])}`).toBeDefined();
  if (told === undefined) return;
  const details = String(got.headers['proxy-status']);
  expect(details).toMatch(new RegExp(`^breakwater; error=${told.code}; next-hop="${route.host}"; details="`));
  expect(details).toMatch(
    new RegExp(`details="phase=(${expected.told.map(({ phase }) => phase).join('|')}); attempts=${expected.attempts}; elapsed=\\d+ms; `),
  );
  // nothing was asked for, so nothing is passed on
  expect(got.headers['retry-after']).toBeUndefined();
  expectDialect(got, route, ourCode(route, told.code), expected, trouble);
}

/** What came of the body is what was sent of it, and no more. */
function checkBroken(got: Got, route: Route, trouble: Trouble | undefined, answer: Buffer): void {
  const sent =
    trouble !== undefined && 'fault' in trouble.strike && 'afterBytes' in trouble.strike.fault ? (trouble.strike.fault.afterBytes ?? 0) : 0;
  expect(got.body).toHaveLength(sent);
  if (route.ownAnswer !== undefined) expect(got.body.equals(answer.subarray(0, sent))).toBe(true);
}

// What reached the upstream

function checkArrivals(seen: readonly SeenRequest[], { route, trouble, way, id }: Case, expected: Expectation, sending: Sending): void {
  const arrived = (trouble?.arrives === 'nothing' ? 0 : expected.struck) + (expected.attempts - expected.struck);
  expect(seen.map(({ fault = 'none' }) => fault)).toHaveLength(arrived);
  for (const [index, request] of seen.entries()) {
    expect([request.method, request.host, request.url]).toEqual([route.method, route.host, sending.path]);
    for (const [name, value] of Object.entries(sending.headers)) expect([name, request.headers[name]]).toEqual([name, value]);
    expect(request.headers['x-case']).toBe(id);
    expect([way, request.headers['proxy-connection'], request.headers['x-forwarded-for']]).toEqual([way, undefined, undefined]);
    if (request.complete) expect(request.body.toString()).toBe(sending.body ?? '');
    else expect(trouble?.arrives === 'head' && index < expected.struck).toBe(true);
    const resumed = trouble?.body === 'whole' && route.breaks === 'resumes' && index > 0;
    expect(request.headers['range'] !== undefined).toBe(resumed);
  }
}

/** Exactly once where a second time would matter, and never where the client was told that nothing was done. */
function checkEffects(rig: Rig, seen: readonly SeenRequest[], { route, trouble, id }: Case, expected: Expectation): void {
  const times = (trouble?.done === true ? expected.struck : 0) + (expected.attempts - expected.struck);
  expect(seen.filter(({ effect }) => effect)).toHaveLength(times);
  if (route.done !== undefined) expect(route.done(rig.sim, id)).toBe(times);
  if (!route.repeatable) expect(times).toBeLessThanOrEqual(1);
  if (!route.repeatable && !expected.well && !expected.unknown && expected.ending !== 'broken') expect(times).toBe(0);
}

// What the policies decided and told

function checkDecisions({ decided }: Rig, { route, trouble }: Case, expected: Expectation): void {
  expect(decided.map(({ decision }) => decision)).toEqual(expected.decisions);
  const asked = trouble?.paces === true && route.paced === true ? 1 : (trouble?.asksMs ?? 0);
  for (const [index, { decision, delayMs }] of decided.entries()) {
    if (decision !== 'retried') continue;
    // full jitter over 1 ms, doubled each time, up to 4 ms; what was asked for is never cut short, and a little is added
    const bound = Math.min(4, 2 ** index);
    expect(delayMs).toBeGreaterThanOrEqual(asked);
    expect(delayMs).toBeLessThanOrEqual(Math.max(bound, 2 * asked * 1.1));
  }
}

function checkJournal({ app }: Rig, { route, trouble, way, id }: Case, expected: Expectation): void {
  const [entry] = app.telemetry.journal.list({ limit: 1 });
  expect(entry).toMatchObject({ id: `case-${id}`, upstream: route.upstream, route: route.name, entry: way, status: expected.status });
  expect(entry?.attempts).toHaveLength(expected.attempts);
  const resumes = trouble?.body === 'whole' && route.breaks === 'resumes';
  const phases = expected.told.map(({ phase, kind, code }) => `${phase} ${kind} ${code}`);
  for (const [index, attempt] of (entry?.attempts ?? []).entries()) {
    expect(attempt.number).toBe(index + 1);
    const struck = index < expected.struck;
    if (struck && trouble?.answer === undefined) expect(phases).toContain(`${attempt.phase} ${attempt.kind} ${attempt.code}`);
    else expect([attempt.phase, attempt.status]).toEqual([undefined, struck ? trouble?.answer?.status : resumes ? 206 : 200]);
  }
  if (expected.well) expect(entry?.outcome).toBe('ok');
  else if (expected.unknown) expect(entry?.outcome).toBe('unknown');
  else expect(entry?.outcome).toBe(isFailed(expected) ? 'failed' : 'ok');
}

/** An answer that no policy had to look at is an answer, whatever it says. */
function isFailed({ ending, decisions }: Expectation): boolean {
  return ending !== 'upstream' || decisions.length > 0;
}

// What was counted

interface Counts {
  readonly attempts: Readonly<Record<string, number>>;
  readonly requests: Readonly<Record<string, number>>;
  readonly decisions: Readonly<Record<string, number>>;
}

/** The route's counts as /metrics has them, with the labels that matter here. */
function counts({ app }: Rig, { upstream, name }: Route): Counts {
  const stats = app.telemetry.stats.route(upstream, name);
  const attempts = sums([...stats.attempts.entries()].map(([key, count]) => [attemptLabels(key).outcome, count]));
  const requests = sums([...stats.requests.entries()].map(([key, count]) => [`${requestLabels(key).outcome} ${requestLabels(key).code}`, count]));
  const decisions = sums([...stats.retries.entries()].map(([key, count]) => [DECISIONS[Number(key.split(' ', 1)[0])] ?? '', count]));
  return { attempts, requests, decisions };
}

function sums(entries: readonly (readonly [string, number])[]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const [name, count] of entries) all[name] = (all[name] ?? 0) + count;
  return all;
}

function grown(before: Readonly<Record<string, number>>, after: Readonly<Record<string, number>>): Record<string, number> {
  return sums(Object.entries(after).flatMap(([name, count]) => (count > (before[name] ?? 0) ? [[name, count - (before[name] ?? 0)] as const] : [])));
}

function checkCounts(before: Counts, after: Counts, { trouble }: Case, expected: Expectation): void {
  const good = expected.attempts - expected.struck;
  const struck = trouble?.answer === undefined || trouble.answer.status >= 500 ? 'failed' : trouble.answer.status === 429 ? 'refused' : 'ok';
  expect(grown(before.attempts, after.attempts)).toEqual(
    sums([['ok', good] as const, [struck, expected.struck] as const].filter(([, count]) => count > 0)),
  );
  expect(grown(before.decisions, after.decisions)).toEqual(sums(expected.decisions.map((decision) => [decision, 1])));
  const outcome = expected.well ? 'ok' : expected.unknown ? 'unknown' : isFailed(expected) ? 'failed' : 'ok';
  expect(grown(before.requests, after.requests)).toEqual({ [`${outcome} ${expected.status}`]: 1 });
}
