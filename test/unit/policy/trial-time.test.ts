import { describe, expect, it } from 'vitest';
import type { RouteSettings } from '../../../src/config/effective.ts';
import { routesOf } from '../../../src/config/effective.ts';
import { upstream } from '../../../src/config/schema/upstream.ts';
import { trialMsOf } from '../../../src/policy/core-layers.ts';

function settings(written: object): RouteSettings {
  const [route] = routesOf('api', upstream.parse({ origin: 'https://a.example', breaker: {}, ...written }));
  if (route === undefined) throw new Error('no route');
  return route;
}

describe('how long a breaker waits for what it lets through on trial', () => {
  it.each<[string, object, number]>([
    ['the total of the route, and a moment to tell of it', { timeouts: { total: '60s' } }, 61_000],
    ['its attempt, where that is shorter', { timeouts: { total: '60s', attempt: '20s' } }, 21_000],
    [
      'its phases up to the head, where they are shorter',
      { timeouts: { queue: '1s', connect: '1s', tls: '1s', send: '1s', headers: '5s', total: '60s' } },
      10_000,
    ],
    [
      'all its total, where the last attempt has that',
      { retry: { patientLast: true }, timeouts: { headers: '5s', attempt: '9s', total: '60s' } },
      61_000,
    ],
    [
      'with a guard, its first event too',
      { guard: { stream: 'sse', firstEvent: '7s' }, timeouts: { queue: '0s', connect: '1s', tls: '1s', send: '1s', headers: '5s' } },
      16_000,
    ],
    ['nothing of all that, where probeTimeout says how long', { breaker: { probeTimeout: '5s' }, timeouts: { total: '60s' } }, 0],
  ])('is %s', (_what, written, ms) => expect(trialMsOf(settings(written))).toBe(ms));
});
