import { expect } from 'vitest';
import { DECISIONS } from '../../../src/telemetry/codes.ts';
import { attemptLabels, requestLabels } from '../../../src/telemetry/route-stats.ts';
import type { Case, Expectation } from './model.ts';
import type { Rig } from './rig.ts';
import type { Route } from './routes.ts';

/** The retries that were decided on, and how long each waits. */
export function checkDecisions({ decided }: Rig, { route, trouble }: Case, expected: Expectation): void {
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

/** Journal and log tell each attempt by phase, kind and code. */
export function checkJournal({ app }: Rig, { route, trouble, way, id }: Case, expected: Expectation): void {
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

/** Counts of a route. */
export interface Counts {
  readonly attempts: Readonly<Record<string, number>>;
  readonly requests: Readonly<Record<string, number>>;
  readonly decisions: Readonly<Record<string, number>>;
}

/** The route's counts as /metrics has them, with the labels that matter here. */
export function counts({ app }: Rig, { upstream, name }: Route): Counts {
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

function countedAs(trouble: Case['trouble']): string {
  if (trouble?.counts !== undefined) return trouble.counts;
  if (trouble?.answer === undefined || trouble.answer.status >= 500) return 'failed';
  return trouble.answer.status === 429 ? 'refused' : 'ok';
}

/** Every count of the route has grown by what happened, and by nothing else. */
export function checkCounts(before: Counts, after: Counts, { trouble }: Case, expected: Expectation): void {
  const good = expected.attempts - expected.struck;
  const struck = countedAs(trouble);
  expect(grown(before.attempts, after.attempts)).toEqual(
    sums([['ok', good] as const, [struck, expected.struck] as const].filter(([, count]) => count > 0)),
  );
  expect(grown(before.decisions, after.decisions)).toEqual(sums(expected.decisions.map((decision) => [decision, 1])));
  const outcome = expected.well ? 'ok' : expected.unknown ? 'unknown' : isFailed(expected) ? 'failed' : 'ok';
  expect(grown(before.requests, after.requests)).toEqual({ [`${outcome} ${expected.status}`]: 1 });
}
