import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Cache } from '../../../src/cache/cache.ts';
import { routesOf } from '../../../src/config/effective.ts';
import type { UpstreamConfig } from '../../../src/config/schema.ts';
import { systemClock } from '../../../src/model/clock.ts';
import { clientClosed } from '../../../src/model/failure.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import type { Exchange } from '../../../src/model/exchange.ts';
import { compose, type Layer, type Service } from '../../../src/model/service.ts';
import { RetryBudget } from '../../../src/policy/budget.ts';
import { hedge } from '../../../src/policy/hedge.ts';
import { retry } from '../../../src/policy/retry.ts';
import { answered, exchangeOf, failed, Notes } from '../policy/fixtures.ts';
import { ok, read } from './fixtures.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const notes = new Notes();
const budget = (): RetryBudget => new RetryBudget({ ratio: 1, windowMs: 10_000, minPerSecond: 10 }, systemClock);
const parts = { admits: () => true, clock: systemClock, observer: notes };
const TWICE = retry(
  {
    attempts: 2,
    backoff: { baseMs: 10, maxMs: 10, jitter: 'none' },
    refused: true,
    maxWaitMs: Infinity,
    repeatable: undefined,
    attemptsHeaders: [],
    patientLast: false,
    observe: false,
  },
  { ...parts, budget: budget(), leastMs: () => 0, clientRetries: undefined },
);
const BESIDE = hedge({ after: { ms: 100 }, max: 1, repeatable: undefined, observe: false }, { ...parts, budget: budget() });

const UNSENT = failed({ code: 'connection_refused', phase: 'connect', kind: 'refused', replay: 'unsent' });
const REFUSED = failed({ code: 'http_response_status', kind: 'status', replay: 'refused', reply: answered(503) });
const OPEN = failed({ code: 'destination_unavailable', phase: 'queue', kind: 'refused', replay: 'unsent', own: true });
const ERROR = failed({ code: 'http_response_status', kind: 'status', reply: answered(500) });

/** Attempts of a write that end so, after so many milliseconds each; one that is given up ends at once. */
function attempts(plan: readonly (readonly [outcome: Outcome, afterMs: number])[]): Service {
  let number = 0;
  return (exchange: Exchange) => {
    const [outcome, afterMs] = plan[number++] ?? [failed(), 0];
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(outcome), afterMs);
      exchange.onAbort(() => {
        clearTimeout(timer);
        resolve(clientClosed('headers'));
      });
    });
  };
}

/** Whether a write drops what was read before it. */
async function drops(layers: readonly Layer[], plan: Parameters<typeof attempts>[0], tables?: UpstreamConfig['tables']): Promise<boolean> {
  const cache = new Cache({ maxBytes: 1024 * 1024, clock: systemClock, observer: notes });
  const upstream = { cache: { ttl: 60_000 }, ...(tables === undefined ? {} : { tables }) } as UpstreamConfig;
  const [settings] = routesOf('api', upstream);
  const layer = settings === undefined ? undefined : cache.layerFor(settings, upstream);
  if (layer === undefined) throw new Error('no cache');
  const write = attempts(plan);
  const service = compose([layer, ...layers], (exchange) => (exchange.method === 'GET' ? Promise.resolve(ok('row')) : write(exchange)));
  const get = async (): Promise<string> => {
    const exchange = exchangeOf({ path: '/items' });
    return (await read(await service(exchange), exchange)).source;
  };
  await get();
  expect(await get()).toBe('cache');
  const writing = Promise.resolve(service(exchangeOf({ method: 'PUT', path: '/items' })));
  await vi.runAllTimersAsync();
  await writing;
  return (await get()) === 'upstream';
}

describe('a write of which an attempt may have been done', () => {
  it.each([
    ['could not be sent', UNSENT],
    ['was refused', REFUSED],
    ['found the breaker open', OPEN],
    ['found nothing left to do', answered(404)],
  ])('drops what it may have changed although its last attempt %s', async (_how, last) =>
    expect(
      await drops(
        [TWICE],
        [
          [failed(), 0],
          [last, 0],
        ],
      ),
    ).toBe(true),
  );

  it('drops nothing where each attempt is known to have done nothing', async () =>
    expect(
      await drops(
        [TWICE],
        [
          [UNSENT, 0],
          [answered(404), 0],
        ],
      ),
    ).toBe(false));

  it('takes an error that was answered as one attempt alone is taken: it may have been done where the upstream has tables', async () => {
    const plan = [
      [ERROR, 0],
      [UNSENT, 0],
    ] as const;
    expect(await drops([TWICE], plan)).toBe(false);
    expect(await drops([TWICE], plan, { path: '/{table}' })).toBe(true);
  });

  it.each([
    ['was still under way when the other was answered', [failed(), 1000], [answered(404), 0]],
    ['failed before the other was answered', [failed(), 200], [answered(404), 500]],
    ['failed before the other could not be sent', [failed(), 200], [UNSENT, 500]],
    ['failed after the other could not be sent', [failed(), 500], [UNSENT, 0]],
  ] as const)('drops it although the hedge counts: the attempt %s', async (_how, first, second) =>
    expect(await drops([BESIDE], [first, second])).toBe(true),
  );

  it('drops nothing where neither of two that ran beside each other was sent', async () =>
    expect(
      await drops(
        [BESIDE],
        [
          [UNSENT, 200],
          [UNSENT, 0],
        ],
      ),
    ).toBe(false));
});
