import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SeenRequest } from '../../simulators/recorder.ts';
import { quotaError } from '../../simulators/gemini/errors.ts';
import { ask, type Got } from './client.ts';
import { answerNames } from './names.ts';
import { Rig } from './rig.ts';
import { type Route, ROUTES, type UpstreamName } from './routes.ts';

let names: Disposable | undefined;
beforeAll(() => {
  names = answerNames();
});
afterAll(() => names?.[Symbol.dispose]());

function routeOf(upstream: UpstreamName, label: string): Route {
  const found = ROUTES[upstream].find((route) => route.label === label);
  if (found === undefined) throw new Error(`no route ${label}`);
  return found;
}

/** Sends what a route sends, by prefix. */
function send(rig: Rig, route: Route, id: string, headers: Record<string, string> = {}): Promise<Got> {
  const sending = route.sending(rig.sim, id);
  return ask({ port: rig.port, prefix: route.upstream }, route.host, route.method, { ...sending, headers: { ...sending.headers, ...headers } });
}

function seenBy(rig: Rig, route: Route): readonly SeenRequest[] {
  return rig.sim[route.upstream].requests;
}

/** What a client is told, with its wait in seconds, and in what shape. */
const WHEN_OPEN = [
  { label: 'whatsapp send', status: 503, code: 'whatsapp_unavailable', shape: { error: { code: 2, is_transient: true } } },
  { label: 'gemini generate', status: 503, code: 'gemini_unavailable', shape: { error: { code: 503, status: 'UNAVAILABLE' } } },
  // its SDKs would repeat a 503 by themselves
  { label: 'supabase insert', status: 504, code: 'database_unavailable', shape: { code: 'DATABASE_UNAVAILABLE', hint: null } },
] as const;

describe('an open breaker', () => {
  it.each(WHEN_OPEN)('answers $label with $status and Retry-After, and nothing reaches the upstream', async ({ label, status, code, shape }) => {
    const upstream = label.split(' ', 1)[0] as UpstreamName;
    const route = routeOf(upstream, label);
    await using rig = await Rig.start(upstream);
    await rig.configure((one) => ({ ...one, breaker: { ...one.breaker, consecutive: 1 } }));
    rig.sim[upstream].fault({ kind: 'status', status: 502, body: 'down' }, { times: 1 });
    expect((await send(rig, route, '9000001')).status).toBe(502);
    const reached = seenBy(rig, route).length;
    const got = await send(rig, route, '9000002');
    expect([got.status, got.headers['x-proxy-error'], got.headers['x-proxy-outcome']]).toEqual([status, code, undefined]);
    expect(got.headers['proxy-status']).toMatch(/^breakwater; error=destination_unavailable; .*attempts=0; /);
    const seconds = Number(got.headers['retry-after']);
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThanOrEqual(300);
    expect(JSON.parse(got.body.toString())).toMatchObject(shape);
    expect(seenBy(rig, route)).toHaveLength(reached);
  });
});

describe("a used-up quota of Gemini's day", () => {
  it('stops its key and model with Retry-After and RetryInfo, and no other key', async () => {
    const route = routeOf('gemini', 'gemini generate');
    await using rig = await Rig.start('gemini');
    await rig.configure((one) => one);
    rig.sim.gemini.fault({ kind: 'answer', answer: quotaError('day') }, { times: 1 });
    expect((await send(rig, route, '9000003', { 'x-goog-api-key': 'spent' })).status).toBe(429);
    const got = await send(rig, route, '9000004', { 'x-goog-api-key': 'spent' });
    expect([got.status, got.headers['x-proxy-error'], got.headers['retry-after']]).toEqual([429, 'gemini_rate_limited', '3600']);
    expect(JSON.parse(got.body.toString())).toMatchObject({
      error: { code: 429, status: 'RESOURCE_EXHAUSTED', details: [{ reason: 'GEMINI_RATE_LIMITED' }, { retryDelay: '3600s' }] },
    });
    expect(seenBy(rig, route)).toHaveLength(1);
    expect((await send(rig, route, '9000005', { 'x-goog-api-key': 'fresh' })).status).toBe(200);
    expect(seenBy(rig, route)).toHaveLength(2);
  });
});

describe('an upstream whose certificate does not hold', () => {
  it('is told as such, after as many attempts as there are, and gets no request', async () => {
    const route = routeOf('whatsapp', 'whatsapp send');
    await using rig = await Rig.start('whatsapp');
    await rig.configure((one) => ({ ...one, tls: {} }));
    const got = await send(rig, route, '9000006');
    expect([got.status, got.headers['x-proxy-error'], got.headers['x-proxy-outcome']]).toEqual([502, 'whatsapp_certificate_error', undefined]);
    expect(got.headers['proxy-status']).toMatch(/^breakwater; error=tls_certificate_error; .*phase=tls; attempts=3; /);
    expect(JSON.parse(got.body.toString())).toMatchObject({ error: { code: 2, is_transient: true } });
    expect(seenBy(rig, route)).toEqual([]);
  });
});
