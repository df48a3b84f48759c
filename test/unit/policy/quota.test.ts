import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClassifyRule } from '../../../src/config/schema.ts';
import type { Exchange } from '../../../src/model/exchange.ts';
import { compose } from '../../../src/model/service.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { QuotaGates } from '../../../src/policy/quota-gates.ts';
import { quotaResetMs } from '../../../src/policy/quota-reset.ts';
import { quota } from '../../../src/policy/quota.ts';
import { compileScope } from '../../../src/policy/scope.ts';
import { verdict } from '../../../src/policy/verdict.ts';
import { answered, exchangeOf, FakeClock, Notes, pseudonymOf } from './fixtures.ts';

const JSON_TYPE = ['content-type', 'application/json'];
const RULES: ClassifyRule[] = [
  {
    status: [429],
    json: 'error.details[*].violations[*].quotaId',
    matches: 'PerDay',
    as: 'answered',
    code: 'daily_quota',
    quota: { until: 'midnight-pacific' },
  },
  {
    status: [429],
    json: 'error.details[*].violations[*].quotaId',
    matches: 'PerMinute',
    as: 'refused',
    code: 'minute_quota',
    quota: { until: 'retry-after', for: 60_000 },
  },
  {
    status: [429],
    json: 'error.details[*].violations[*].quotaId',
    matches: 'PerAccount',
    as: 'answered',
    code: 'account_quota',
    quota: { until: 'retry-after', for: 0 },
  },
];

function used(quotaId: string, delay?: string): Outcome {
  const details: unknown[] = [{ '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [{ quotaId }] }];
  if (delay !== undefined) details.push({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: delay });
  return answered(429, JSON.stringify({ error: { code: 429, details } }), JSON_TYPE);
}

function ask(model: string, key = 'key-1'): Exchange {
  return exchangeOf({ method: 'POST', path: `/v1beta/models/${model}:generateContent`, headers: ['x-goog-api-key', key] });
}

function make(upstream: (exchange: Exchange) => Outcome, observe = false) {
  const clock = new FakeClock();
  const notes = new Notes();
  const gates = new QuotaGates(clock);
  const scopeOf = compileScope(['authority', 'credential', 'model'], ['/v1beta/models/{model}:generateContent'], pseudonymOf);
  const sent: string[] = [];
  const run = compose(
    [
      quota({ upstream: 'gemini', gates, scopeOf, observe, clock, observer: notes }),
      verdict({ classify: RULES, pushback: [{ json: 'error.details[?@type~RetryInfo].retryDelay', format: 'duration' }] }, clock),
    ],
    (exchange) => {
      sent.push(exchange.path);
      return Promise.resolve(upstream(exchange));
    },
  );
  return { clock, notes, gates, sent, run };
}

describe('a used-up quota', () => {
  it('stops its own model and key until it resets, and no other', async () => {
    const { notes, gates, sent, run } = make(({ path }) =>
      path.includes('pro') ? used('GenerateRequestsPerDayPerProjectPerModel-FreeTier') : answered(200),
    );
    expect(await run(ask('pro'))).toMatchObject({ type: 'failure', rule: 'daily_quota', replay: 'answered', own: false });
    expect(await run(ask('pro'))).toMatchObject({ type: 'failure', code: 'request_paced', own: true, replay: 'unsent', rule: 'daily_quota' });
    expect(await run(ask('flash'))).toMatchObject({ type: 'reply', status: 200 });
    expect(await run(ask('pro', 'key-2'))).toMatchObject({ own: false });
    expect(sent).toHaveLength(3);
    expect(notes.acts).toEqual(['quota: refused']);
    expect(notes.warnings).toHaveLength(2);
    expect(JSON.stringify([gates.list, notes.warnings])).not.toMatch(/key-\d/);
  });

  it('is none where the answer and the rule have no time for it', async () => {
    const { gates, notes, sent, run } = make(() => used('PerAccount'));
    for (const _ of [1, 2]) expect(await run(ask('pro'))).toMatchObject({ rule: 'account_quota', own: false });
    expect([gates.list, notes.warnings, sent.length]).toEqual([[], [], 2]);
  });

  it('of a minute waits as long as the answer says, and where it says nothing as long as the rule does', async () => {
    let delay: string | undefined = '26.5s';
    const { clock, gates, run } = make(() => used('PerMinutePerModel', delay));
    await run(ask('pro'));
    expect(gates.list).toMatchObject([{ rule: 'minute_quota', retryAfterMs: 26_500 }]);
    clock.advance(26_500);
    expect(gates.list).toEqual([]);
    delay = undefined;
    await run(ask('pro'));
    expect(gates.list).toMatchObject([{ retryAfterMs: 60_000 }]);
  });

  it('is asked about again after a day, whatever an answer says', async () => {
    const { gates, notes, run } = make(() => used('PerMinutePerModel', `${'9'.repeat(400)}s`));
    expect(await run(ask('pro'))).toMatchObject({ rule: 'minute_quota', retryAfterMs: 86_400_000 });
    expect(gates.list).toMatchObject([{ retryAfterMs: 86_400_000 }]);
    expect(notes.warnings).toHaveLength(1);
  });

  it('of the day wins where an answer names both', async () => {
    const body = { error: { details: [{ violations: [{ quotaId: 'PerMinute' }, { quotaId: 'PerDay' }] }] } };
    const { run } = make(() => answered(429, JSON.stringify(body), JSON_TYPE));
    expect(await run(ask('pro'))).toMatchObject({ rule: 'daily_quota' });
  });

  it('is only counted where the policy observes', async () => {
    const { notes, sent, run } = make(() => used('PerDay'), true);
    await run(ask('pro'));
    await run(ask('pro'));
    expect([sent.length, notes.would]).toEqual([2, ['quota: refused']]);
  });

  it('is no reason to look at requests while there is none', async () => {
    const clock = new FakeClock();
    const gates = new QuotaGates(clock);
    const scopeOf = (): never => {
      throw new Error('looked at');
    };
    const run = quota({ upstream: 'x', gates, scopeOf, observe: false, clock, observer: new Notes() })(() => Promise.resolve(answered(200)));
    expect(await run(exchangeOf())).toMatchObject({ status: 200 });
  });

  it('is known to the state that takes over after a reload', () => {
    const clock = new FakeClock();
    const before = new QuotaGates(clock);
    before.close('a', 5000, 'daily');
    const after = new QuotaGates(clock);
    after.adopt(structuredClone(before.list));
    expect(after.closed('a')).toEqual({ scope: 'a', rule: 'daily', retryAfterMs: 5000 });
  });

  it('is forgotten once it has reset, so that requests are looked at no more', () => {
    const clock = new FakeClock();
    const gates = new QuotaGates(clock);
    gates.close('a', 1000, 'r');
    gates.close('b', 2000, 'r');
    clock.advance(1000);
    expect([gates.size, gates.list.map(({ scope }) => scope)]).toEqual([1, ['b']]);
    clock.advance(1000);
    expect(gates.size).toBe(0);
  });

  it('can be opened by hand, one or all, and is then not told to others any more', () => {
    const gates = new QuotaGates(new FakeClock(), () => undefined);
    for (const scope of ['a', 'b', 'c']) gates.close(scope, 1000, 'r');
    expect([gates.open('a'), gates.open('a'), gates.closed('a')]).toEqual([1, 0, undefined]);
    expect(gates.takeUntold().map(({ scope }) => scope)).toEqual(['b', 'c']);
    gates.close('a', 1000, 'r');
    expect([gates.open(), gates.size, gates.takeUntold()]).toEqual([3, 0, []]);
  });

  it('keeps a bounded number of gates, and never lets a longer one be shortened', () => {
    const clock = new FakeClock();
    const gates = new QuotaGates(clock);
    for (let i = 0; i < 2000; i++) gates.close(`s${i}`, 1000 + i, 'r');
    expect(gates.size).toBe(1024);
    expect(gates.close('s1999', 10, 'r')).toBe(false);
    expect(gates.closed('s1999')?.retryAfterMs).toBe(2999);
  });
});

describe('when a quota resets', () => {
  const la = (wallMs: number): string =>
    new Intl.DateTimeFormat('en-GB', { timeZone: 'America/Los_Angeles', timeStyle: 'medium', hourCycle: 'h23' }).format(wallMs);

  it.each([
    ['in winter', '2026-01-15T20:30:00.250Z'],
    ['in summer', '2026-07-15T06:59:59.999Z'],
    ['on the short day', '2026-03-08T09:00:00Z'],
    ['on the long day', '2026-11-01T08:00:00Z'],
    ['at midnight itself', '2026-05-05T07:00:00Z'],
  ])('is midnight on the Pacific coast: %s', (_name, now) => {
    const at = Date.parse(now) + quotaResetMs({ until: 'midnight-pacific' }, undefined, Date.parse(now));
    expect(la(at)).toBe('00:00:00');
    expect(at - Date.parse(now)).toBeGreaterThan(0);
    expect(at - Date.parse(now)).toBeLessThanOrEqual(25 * 3_600_000);
  });

  it('is always a midnight, at most 25 hours away', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 }), (now) => {
        const waitMs = quotaResetMs({ until: 'midnight-pacific' }, undefined, now);
        expect(la(now + waitMs)).toBe('00:00:00');
        expect(waitMs).toBeGreaterThan(0);
        expect(waitMs).toBeLessThanOrEqual(25 * 3_600_000);
      }),
    );
  });

  it('is what the rule says otherwise', () => {
    const noon = Date.parse('2026-05-05T12:00:00Z');
    expect(quotaResetMs({ until: 'midnight-utc' }, 1, noon)).toBe(12 * 3_600_000);
    expect(quotaResetMs({ until: 'duration', for: 3_600_000 }, 1, noon)).toBe(3_600_000);
    expect(quotaResetMs({ until: 'retry-after', for: 5 }, 7000, noon)).toBe(7000);
    expect(quotaResetMs({ until: 'retry-after' }, undefined, noon)).toBe(60_000);
  });
});
