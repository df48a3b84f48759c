import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { routesOf } from '../../../src/config/effective.ts';
import type { UpstreamConfig } from '../../../src/config/schema.ts';
import type { Clock } from '../../../src/model/clock.ts';
import { Exchange } from '../../../src/model/exchange.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import type { Service } from '../../../src/model/service.ts';
import { pipeline } from '../../../src/policy/pipeline.ts';
import { UpstreamState } from '../../../src/policy/upstream-state.ts';
import { answered, failed, Notes, pseudonymOf } from './fixtures.ts';

const RATE = 200;
const BEFORE_S = 12;
const OUTAGE_S = 30;
const AFTER_S = 20;
const LATENCY_MS = 20;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Chance that is the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Simulated {
  /** When requests were offered and when attempts reached the upstream, in virtual milliseconds since the start. */
  readonly offered: number[];
  readonly sent: number[];
  readonly statuses: number[];
}

/** Offers 200 requests a second to a whole route while the upstream goes away for 30 s and comes back. `wrap` puts a client in front. */
async function simulate(config: UpstreamConfig, dead: () => Outcome, wrap: (service: Service) => Service = (service) => service): Promise<Simulated> {
  const startedAt = performance.now();
  const clock: Clock = { now: () => performance.now(), wallNow: () => Date.now(), random: seeded(7) };
  const since = (): number => clock.now() - startedAt;
  const result: Simulated = { offered: [], sent: [], statuses: [] };
  const transport: Service = () => {
    result.sent.push(since());
    const isDead = since() >= BEFORE_S * 1000 && since() < (BEFORE_S + OUTAGE_S) * 1000;
    return new Promise((resolve) => setTimeout(() => resolve(isDead ? dead() : answered(200)), LATENCY_MS));
  };
  const observer = new Notes();
  const { breakers, budget, gates, clientRetries, places } = new UpstreamState('api', config, clock, observer);
  const [settings] = routesOf('api', config);
  if (settings === undefined) throw new Error('no route');
  const parts = { breakers, budget, gates, clientRetries, places, pseudonymOf, cache: undefined, clock, observer };
  const service = wrap(pipeline(settings, parts, transport));
  const request = async (id: number): Promise<void> => {
    result.offered.push(since());
    const exchange = new Exchange({
      id: String(id),
      entry: 'prefix',
      method: 'GET',
      scheme: 'https',
      authority: 'api',
      path: `/${id}`,
      headers: [],
      startedAt: clock.now(),
    });
    const outcome = await service(exchange);
    if (outcome.type === 'reply') result.statuses.push(outcome.status);
  };
  const pending: Promise<void>[] = [];
  for (let id = 0; id < RATE * (BEFORE_S + OUTAGE_S + AFTER_S); id++) {
    pending.push(request(id));
    await vi.advanceTimersByTimeAsync(1000 / RATE);
  }
  await vi.runAllTimersAsync();
  await Promise.all(pending);
  return result;
}

/** The most that the upstream got in any second, as a multiple of what clients offered in it. */
function worstSecond({ offered, sent }: Simulated): number {
  let worst = 0;
  for (let from = 1000; from < (BEFORE_S + OUTAGE_S + AFTER_S - 1) * 1000; from += 50) {
    const inside = (at: number): boolean => at >= from && at < from + 1000;
    worst = Math.max(worst, sent.filter(inside).length / offered.filter(inside).length);
  }
  return worst;
}

const reset = (): Outcome => failed();
const refused = (): Outcome => failed({ code: 'connection_refused', phase: 'connect', kind: 'refused', replay: 'unsent' });
const unavailable = (): Outcome => answered(503, '', ['retry-after', '1']);

describe('an outage of 30 s at 200 requests a second', () => {
  it.each([
    ['resets', reset],
    ['refused connections', refused],
    ['503 with Retry-After', unavailable],
  ])('by %s never makes retries push the load on the upstream above 1.25 times what is offered, in any second', async (_name, dead) => {
    const result = await simulate({ retry: { attempts: 4, refused: true } }, dead);
    expect(result.sent.length).toBeGreaterThan(result.offered.length * 1.02);
    expect(worstSecond(result)).toBeLessThanOrEqual(1.25);
    expect(result.statuses).toHaveLength(result.offered.length);
  });

  it('is mostly spared the upstream by the breaker, which lets everything through again afterwards', async () => {
    const result = await simulate({ retry: { attempts: 3 }, breaker: { consecutive: 5, openFor: 5000, ramp: 4000 } }, reset);
    const during = result.sent.filter((at) => at >= BEFORE_S * 1000 + 500 && at < (BEFORE_S + OUTAGE_S) * 1000);
    expect(during.length).toBeLessThan(20);
    expect(worstSecond(result)).toBeLessThanOrEqual(1.25);
    const last = result.sent.filter((at) => at >= (BEFORE_S + OUTAGE_S + AFTER_S - 2) * 1000);
    expect(last.length).toBeGreaterThan(RATE);
  });

  it('is not made worse by clients that send again themselves: theirs are charged to the same budget', async () => {
    const again: (service: Service) => Service = (service) => async (exchange) => {
      const first = await service(exchange);
      if (first.type !== 'reply' || first.status < 500) return first;
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const { id, entry, method, scheme, authority, path, headers } = exchange;
      return service(new Exchange({ id, entry, method, scheme, authority, path, headers, startedAt: performance.now() }));
    };
    const alone = await simulate({ retry: { attempts: 1 } }, reset, again);
    const both = await simulate({ retry: { attempts: 4 } }, reset, again);
    const during = ({ sent }: Simulated): number => sent.filter((at) => at >= (BEFORE_S + 2) * 1000 && at < (BEFORE_S + OUTAGE_S) * 1000).length;
    // the clients' own doubling is theirs; ours adds next to nothing on top
    expect(during(both) / during(alone)).toBeLessThan(1.03);
  });
});
