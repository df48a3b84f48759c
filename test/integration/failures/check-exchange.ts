import { expect } from 'vitest';
import type { SeenRequest } from '../../simulators/recorder.ts';
import type { Got } from './client.ts';
import { expectDialect } from './dialects.ts';
import type { Trouble } from './faults.ts';
import { type Case, type Expectation, ourCode } from './model.ts';
import type { Rig } from './rig.ts';
import type { Route, Sending } from './routes.ts';

/** The client has the one answer that is due, byte for byte, or our own error in the upstream's shape. */
export function checkAnswer(got: Got, { route, trouble, id }: Case, expected: Expectation, answer: Buffer): void {
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

/** What reached the upstream is what the client sent, as often as it had to be. */
export function checkArrivals(seen: readonly SeenRequest[], { route, trouble, way, id }: Case, expected: Expectation, sending: Sending): void {
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
export function checkEffects(rig: Rig, seen: readonly SeenRequest[], { route, trouble, id }: Case, expected: Expectation): void {
  const times = (trouble?.done === true ? expected.struck : 0) + (expected.attempts - expected.struck);
  expect(seen.filter(({ effect }) => effect)).toHaveLength(times);
  if (route.done !== undefined) expect(route.done(rig.sim, id)).toBe(times);
  if (!route.repeatable) expect(times).toBeLessThanOrEqual(1);
  if (!route.repeatable && !expected.well && !expected.unknown && expected.ending !== 'broken') expect(times).toBe(0);
}
