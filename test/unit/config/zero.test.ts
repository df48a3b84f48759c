import { describe, expect, it } from 'vitest';
import { problemsOf } from './fixtures.ts';

const inUpstream = (text: string): string[] => problemsOf(`version: 1\nupstreams:\n  a: { origin: 'https://a.example', ${text} }\n`);

describe('no time at all', () => {
  it.each([
    ['retry: { budget: { window: 0s } }', 'upstreams.a.retry.budget.window: expected a time above 0'],
    ['probe: { path: /x, every: 0s }', 'upstreams.a.probe.every: expected a time above 0'],
    ['timeouts: { total: 0s }', 'upstreams.a.timeouts.total: expected a time above 0'],
    ['breaker: { ratio: 0.5, window: 0s }', 'upstreams.a.breaker.window: expected a time above 0'],
    ['pace: [{ rate: 0/s, key: [authority] }]', 'rate: expected a rate above 0'],
    ['pace: [{ rate: 1/0s, key: [authority] }]', 'rate: expected a rate above 0'],
  ])('is refused where it would stop all requests or none: %s', (text, problem) => {
    const problems = inUpstream(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it('is taken where it turns something off', () => {
    expect(inUpstream('retry: { resends: 0s }, timeouts: { queue: 0s }, pool: { keepAlive: 0s }')).toEqual([]);
  });
});
