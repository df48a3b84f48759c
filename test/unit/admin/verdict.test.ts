import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { overall, verdictOf, type VerdictInput } from '../../../src/admin/verdict.ts';
import type { BreakerState } from '../../../src/model/events.ts';
import type { BreakerReading } from '../../../src/model/status.ts';
import type { LastError } from '../../../src/telemetry/upstream-stats.ts';

const NOW = 1_700_000_000_000;

function breaker(state: BreakerState, name = 'default', retryAfterMs = 0): BreakerReading {
  return { upstream: 'api', breaker: name, authority: 'api.example', state, retryAfterMs, closedAt: undefined };
}

function failedAt(at: number): LastError {
  return {
    code: 'http_response_timeout',
    phase: 'headers',
    kind: 'timeout',
    detail: '',
    status: undefined,
    authority: 'api.example',
    route: 'r',
    at,
  };
}

function used(kind: string, ratio: number): VerdictInput['usage'][number] {
  return { kind, ratio, at: NOW };
}

function input(parts: {
  ok?: number;
  failed?: number;
  inARow?: number;
  agoMs?: number;
  breakers?: BreakerReading[];
  probe?: VerdictInput['probe'];
  usage?: VerdictInput['usage'];
}): VerdictInput {
  const { ok = 0, failed = 0, inARow = 0, agoMs, breakers = [], probe, usage = [] } = parts;
  const lastError = failed === 0 && agoMs === undefined ? undefined : failedAt(NOW - (agoMs ?? 200_000));
  return { breakers, recent: { ok, failed, inARow, windowMs: 300_000, lastError, lastSuccessAt: undefined }, probe, usage, now: NOW };
}

describe('a dependency', () => {
  it.each<[string, Parameters<typeof input>[0], string, string]>([
    ['without traffic is ok, and nothing is known', {}, 'ok', 'no attempts in the last 5 min: nothing to judge by'],
    ['that answers is ok', { ok: 12 }, 'ok', '0 of 12 failed'],
    ['that answered little is ok with few to judge by', { ok: 3 }, 'ok', '0 of 3 failed; too few to judge'],
    [
      'that is near a limit is ok, with a word on it',
      { ok: 12, usage: [used('app_time', 0.799), used('app_call_count', 0.8), used('account_call_count', 1.01)] },
      'ok',
      '0 of 12 failed; 80 % of app_call_count is used up; 101 % of account_call_count is used up',
    ],
    ['that failed 2 of 3 is degraded', { ok: 1, failed: 2, inARow: 2 }, 'degraded', '2 of 3 failed; too few to judge'],
    ['that failed three times in a row is down', { ok: 9, failed: 3, inARow: 3 }, 'down', 'the last 3 attempts failed; 3 of 12 failed'],
    ['that failed once long ago among many is ok', { ok: 199, failed: 1 }, 'ok', '1 of 200 failed'],
    ['that failed a moment ago is degraded', { ok: 199, failed: 1, agoMs: 5000 }, 'degraded', '1 of 200 failed; the last failure was 5 s ago'],
    ['that surely fails more than is normal is degraded', { ok: 180, failed: 20 }, 'degraded', '20 of 200 failed'],
    [
      'whose breaker is open is down, whatever else',
      { ok: 100, breakers: [breaker('open', 'default', 41_200)] },
      'down',
      'the breaker for api.example is open, next probe in 42 s',
    ],
    [
      'whose failures were before its breaker closed is down no more',
      { failed: 5, inARow: 5, agoMs: 90_000, breakers: [{ ...breaker('closed'), closedAt: NOW - 5000 }] },
      'degraded',
      '5 of 5 failed; too few to judge',
    ],
    [
      'that has failed since its breaker closed is down',
      { failed: 5, inARow: 5, agoMs: 4000, breakers: [{ ...breaker('closed'), closedAt: NOW - 5000 }] },
      'down',
      'the last 5 attempts failed; 5 of 5 failed; too few to judge',
    ],
    [
      'whose breaker for another host closed since it failed is down',
      { failed: 5, inARow: 5, agoMs: 90_000, breakers: [{ ...breaker('closed'), authority: 'other.example', closedAt: NOW - 5000 }] },
      'down',
      'the last 5 attempts failed; 5 of 5 failed; too few to judge',
    ],
    [
      'whose breaker for other routes closed since it failed is down',
      { failed: 5, inARow: 5, agoMs: 90_000, breakers: [{ ...breaker('closed', 'media'), routes: ['media'], closedAt: NOW - 5000 }] },
      'down',
      'the last 5 attempts failed; 5 of 5 failed; too few to judge',
    ],
    [
      'whose breaker for the model of that host closed since it failed is down no more',
      {
        failed: 5,
        inARow: 5,
        agoMs: 90_000,
        breakers: [{ ...breaker('closed'), authority: 'api.example pro', routes: ['r'], closedAt: NOW - 5000 }],
      },
      'degraded',
      '5 of 5 failed; too few to judge',
    ],
    [
      'whose breaker is open and only observes is what its attempts say',
      { ok: 12, breakers: [{ ...breaker('open', 'default', 41_200), mode: 'observe' }] },
      'ok',
      '0 of 12 failed',
    ],
    [
      'whose breaker is open beside one that only observes is down',
      { ok: 12, breakers: [breaker('open', 'sends', 41_200), { ...breaker('closed', 'reads'), mode: 'observe' }] },
      'down',
      'breaker sends for api.example is open, next probe in 42 s',
    ],
    ['whose breaker is isolated is down', { breakers: [breaker('isolated')] }, 'down', 'the breaker for api.example is held open by hand'],
    [
      'with one breaker of a group open beside others is degraded',
      { ok: 5, breakers: [breaker('closed'), breaker('open', 'media', 1000)] },
      'degraded',
      'breaker media for api.example is open, next probe in 1 s',
    ],
    [
      'with all its breakers open is down',
      { breakers: [breaker('open', 'media', 1000)] },
      'down',
      'breaker media for api.example is open, next probe in 1 s',
    ],
    [
      'with a half-open breaker is degraded',
      { ok: 5, breakers: [breaker('half-open')] },
      'degraded',
      'the breaker for api.example is half-open: a probe decides',
    ],
    [
      'whose probe failed is degraded',
      { probe: { ok: false, latencyMs: 1, at: NOW } },
      'degraded',
      'the last active probe failed; no attempts in the last 5 min: nothing to judge by',
    ],
  ])('%s', (_name, parts, status, evidence) => {
    expect(verdictOf(input(parts))).toEqual({ status, evidence });
  });

  it('never gets worse by one more success', () => {
    const order = { ok: 0, degraded: 1, down: 2 };
    fc.assert(
      fc.property(fc.nat(300), fc.nat(50), fc.nat(50), (ok, failed, inARow) => {
        const before = verdictOf(input({ ok, failed, inARow: Math.min(inARow, failed) }));
        const after = verdictOf(input({ ok: ok + 1, failed, inARow: 0 }));
        expect(order[after.status]).toBeLessThanOrEqual(order[before.status]);
      }),
    );
  });
});

describe('the whole', () => {
  it.each([
    [['ok', 'ok'], true, 'ok'],
    [[], true, 'ok'],
    [['ok', 'ok'], false, 'degraded'],
    [['ok', 'degraded'], true, 'degraded'],
    [['ok', 'down'], true, 'degraded'],
    [['down', 'down'], true, 'down'],
  ] as const)('of %s with a sound configuration (%s) is %s', (parts, sound, wanted) => {
    expect(overall(parts, sound)).toBe(wanted);
  });
});
