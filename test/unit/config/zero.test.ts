import { describe, expect, it } from 'vitest';
import { ConfigDirectory, problemsOf } from './fixtures.ts';

const inUpstream = (text: string): string[] => problemsOf(`version: 1\nupstreams:\n  a: { origin: 'https://a.example', ${text} }\n`);

describe('no time at all', () => {
  it.each([
    ['retry: { budget: { window: 0s } }', 'upstreams.a.retry.budget.window: expected a time above 0'],
    ['probe: { path: /x, every: 0s }', 'upstreams.a.probe.every: expected a time above 0'],
    ['timeouts: { total: 0s }', 'upstreams.a.timeouts.total: expected a time above 0'],
    ['breaker: { ratio: 0.5, window: 0s }', 'upstreams.a.breaker.window: expected a time above 0'],
    ['timeouts: { total: 0 }', "above 0, such as 5s, got 0 (for no limit leave it out, or write null in the place of a preset's)"],
    ['breaker: { openFor: 0s }', 'upstreams.a.breaker.openFor: expected a time above 0, such as 5s, got "0s" (mode: observe refuses nothing)'],
    ['breaker: { probeTimeout: 0 }', 'upstreams.a.breaker.probeTimeout: expected a time above 0, such as 5s, got 0 (leave it out'],
    ['breaker: { slowCall: { after: 0 } }', 'upstreams.a.breaker.slowCall.after: expected a time above 0, such as 5s, got 0 (leave slowCall out'],
    ["guard: { stream: 'sse', firstEvent: 0 }", 'upstreams.a.guard.firstEvent: expected a time above 0, such as 5s, got 0 (leave it out: timeouts'],
    ['pace: [{ rate: 1/s, hold: { codes: [429], base: 0 } }]', 'hold.base: expected a time above 0, such as 5s, got 0 (leave it out'],
    ['pace: [{ rate: 1/s, hold: { codes: [429], max: 0 } }]', 'hold.max: expected a time above 0, such as 5s, got 0 (leave it out'],
    ['resend: { window: 0 }', 'upstreams.a.resend.window: expected a time above 0, such as 5s, got 0 (enabled: false turns it off)'],
    ['prefetch: { within: 0 }', 'upstreams.a.prefetch.within: expected a time above 0, such as 5s, got 0 (enabled: false turns it off)'],
    ['classify: [{ as: refused, quota: { until: duration, for: 0 } }]', 'quota.for: expected a time above 0, such as 5s, got 0 (leave quota out'],
    ['pace: [{ rate: 0/s, key: [authority] }]', 'rate: expected a rate above 0'],
    ['pace: [{ rate: 1/0s, key: [authority] }]', 'rate: expected a rate above 0'],
  ])('is refused where it would stop all requests or none: %s', (text, problem) => {
    const problems = inUpstream(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it.each([
    ['cache: { redis: { url: redis://a, timeout: 0 } }', '2:44 cache.redis.timeout: expected a time above 0, such as 5s, got 0 (such as 250ms'],
  ])('is refused where it would end every request: %s', (text, problem) => {
    expect(problemsOf(`version: 1\n${text}\n`)).toEqual([expect.stringContaining(problem)]);
  });

  it.each(['0s', '0ms', '0', '"0"', '"${NONE}"'])('is taken, written %s, where it turns something off or means at once', (none) => {
    const text = `
version: 1
drain: ${none}
limits: { requestTimeout: ${none} }
dns: { ttl: ${none}, negativeTtl: ${none}, patience: ${none} }
upstreams:
  a:
    origin: https://a.example
    retry: { resends: ${none}, maxWait: ${none}, backoff: { base: ${none}, max: ${none} } }
    timeouts: { queue: ${none} }
    pool: { keepAlive: ${none}, maxAge: ${none} }
    breaker: { ramp: ${none}, openMax: ${none} }
    cache: { ttl: ${none}, negativeTtl: ${none}, staleIfError: ${none}, staleWhileRevalidate: ${none} }
    resend: { lateAnswer: ${none} }
    hedge: { after: ${none} }
    pace: [{ rate: 1/s, maxWait: ${none} }]
    faults: [{ delay: ${none} }, { delay: { min: ${none}, max: 1s } }]
    classify: [{ as: refused, quota: { until: retry-after, for: ${none} } }]
`;
    using directory = new ConfigDirectory();
    const loaded = directory.load(text, { NONE: '0' });
    expect(loaded).toMatchObject({ ok: true, config: { drain: 0, upstreams: { a: { hedge: { after: 0 }, faults: [{ delay: 0 }, {}] } } } });
  });
});
