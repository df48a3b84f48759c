import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ClassifyRule, PushbackRule } from '../../../src/config/schema.ts';
import { BytesBody } from '../../../src/model/body.ts';
import type { Failure } from '../../../src/model/failure.ts';
import { parseJsonPath } from '../../../src/model/json-path.ts';
import type { Outcome, Reply } from '../../../src/model/outcome.ts';
import { verdict } from '../../../src/policy/verdict.ts';
import { answered, exchangeOf, FakeClock } from './fixtures.ts';
import { Reading, ScriptedBody, streaming } from './scripted-body.ts';

const JSON_TYPE = ['content-type', 'application/json'];

async function judge(given: Outcome, classify: ClassifyRule[] = [], pushback: PushbackRule[] = []): Promise<Outcome> {
  return verdict({ classify, pushback }, new FakeClock())(() => Promise.resolve(given))(exchangeOf());
}

describe('the verdict on an answer', () => {
  it.each([200, 204, 304, 400, 401, 404, 409])('passes %i on as it is', async (status) => {
    const given = answered(status);
    expect(await judge(given)).toBe(given);
  });

  it.each([
    [429, 'refused', 'soft'],
    [500, 'ambiguous', undefined],
    [502, 'ambiguous', undefined],
    [503, 'ambiguous', undefined],
    [504, 'ambiguous', undefined],
    [501, 'answered', undefined],
    [520, 'answered', undefined],
  ])('takes %i for %s', async (status, replay, blame) => {
    expect(await judge(answered(status))).toMatchObject({ type: 'failure', kind: 'status', replay, blame });
  });

  it('takes a 503 with Retry-After for refused, and reads the wait as seconds and as a date', async () => {
    const clock = new FakeClock();
    const seconds = await judge(answered(503, '', ['retry-after', '7']));
    expect(seconds).toMatchObject({ replay: 'refused', retryAfterMs: 7000 });
    const date = new Date(clock.wallNow() + 30_000).toUTCString();
    const dated = (await judge(answered(503, '', ['retry-after', date]))) as Failure;
    expect(dated.retryAfterMs).toBeGreaterThan(28_000);
    expect(dated.retryAfterMs).toBeLessThanOrEqual(30_000);
  });

  it('reads the upstream’s own error code in the body, and gives the body back byte for byte', async () => {
    const body = '{ "error": {"code": 130429, "message": "(#130429) Rate limit hit"} }';
    const rules: ClassifyRule[] = [{ json: 'error.code', in: [130429], as: 'refused', breaker: 'ignore', code: 'throughput' }];
    const found = (await judge(answered(400, body, JSON_TYPE), rules)) as Failure;
    expect(found).toMatchObject({ replay: 'refused', blame: 'ignore', rule: 'throughput' });
    expect(Buffer.from(found.reply?.body.whole() ?? []).toString()).toBe(body);
  });

  it('takes down the id that an error body has, where the body is read anyway', async () => {
    const ids = [parseJsonPath('error.fbtrace_id') ?? (() => []), parseJsonPath('id') ?? (() => [])];
    const rules: ClassifyRule[] = [{ json: 'error.code', in: [1], as: 'answered' }];
    const idOf = async (status: number, body: unknown, type = JSON_TYPE): Promise<unknown> => {
      const given = answered(status, JSON.stringify(body), type);
      const found = await verdict({ classify: rules, pushback: [], ids }, new FakeClock())(() => Promise.resolve(given))(exchangeOf());
      return found.type === 'failure' ? found.upstreamId : found.type;
    };
    expect(await idOf(400, { error: { code: 1, fbtrace_id: 'Az8or2yh' }, id: 'other' })).toBe('Az8or2yh');
    expect(await idOf(500, { error: { code: 2, fbtrace_id: 'two words' }, id: 'other' })).toBe('other');
    expect(await idOf(500, { error: { code: 2, fbtrace_id: 7 } })).toBeUndefined();
    expect(await idOf(500, { id: 'other' }, ['content-type', 'text/html'])).toBeUndefined();
    expect(await idOf(400, { error: { code: 5, fbtrace_id: 'Az8or2yh' } })).toBe('reply');
  });

  it('reads a compressed error body, and passes it on compressed', async () => {
    const bytes = gzipSync('{"error":{"code":130429}}');
    const rules: ClassifyRule[] = [{ json: 'error.code', in: [130429], as: 'refused' }];
    const given = answered(400, '', [...JSON_TYPE, 'content-encoding', 'gzip']);
    const reply: Reply = { ...given, body: new BytesBody(bytes) };
    const found = (await judge(reply, rules)) as Failure;
    expect(found.replay).toBe('refused');
    expect(found.reply?.body.whole()).toBe(bytes);
  });

  it('waits as long as Gemini’s RetryInfo says', async () => {
    const body = {
      error: {
        code: 429,
        details: [{ '@type': 'type.googleapis.com/google.rpc.Help' }, { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '26.5s' }],
      },
    };
    const pushback: PushbackRule[] = [{ json: 'error.details[?@type~RetryInfo].retryDelay', format: 'duration' }];
    expect(await judge(answered(429, JSON.stringify(body), JSON_TYPE), [], pushback)).toMatchObject({ replay: 'refused', retryAfterMs: 26_500 });
  });

  it('lets a rule overrule the status: a daily quota is final although it is a 429', async () => {
    const body = { error: { details: [{ violations: [{ quotaId: 'RequestsPerDayPerModel' }, { quotaId: 'PerMinute' }] }] } };
    const rules: ClassifyRule[] = [
      { status: [429], json: 'error.details[*].violations[*].quotaId', matches: 'PerDay', as: 'answered', code: 'daily_quota' },
    ];
    expect(await judge(answered(429, JSON.stringify(body), JSON_TYPE), rules)).toMatchObject({
      replay: 'answered',
      rule: 'daily_quota',
      blame: 'ignore',
    });
  });

  it('falls back to the status where the body is not what it says', async () => {
    const rules: ClassifyRule[] = [{ json: 'error.code', in: [1], as: 'refused' }];
    expect(await judge(answered(502, '<html>Bad gateway</html>', JSON_TYPE), rules)).toMatchObject({ replay: 'ambiguous' });
  });
});

describe('an error body that only trickles in', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    ['for 2 s', {}, 2000],
    ['for half of the time that the exchange has', { deadlineAt: 1_001_500 }, 750],
    ['for half of the time that its client is known to stay', { deadlineAt: 1_030_000, patienceEndsAt: 1_001_000 }, 500],
    ['no longer where no time is left', { deadlineAt: 999_000 }, 0],
  ])('is waited for %s, then passed on as it comes, judged by its status', async (_name, time, expectedMs) => {
    const body = new ScriptedBody().push('{"error":');
    const rule: ClassifyRule = { json: 'error.code', in: [131_000], as: 'ambiguous', code: 'unknown' };
    const exchange = Object.assign(exchangeOf(), time);
    const judged = verdict({ classify: [rule], pushback: [] }, new FakeClock())(() => streaming(400, JSON_TYPE, body));
    const outcome = Promise.resolve(judged(exchange));
    const settled = vi.fn<() => void>();
    void outcome.then(settled);
    await vi.advanceTimersByTimeAsync(Math.max(0, expectedMs - 1));
    expect(settled).toHaveBeenCalledTimes(expectedMs === 0 ? 1 : 0);
    await vi.advanceTimersByTimeAsync(1);
    const reading = Reading.of(await outcome);
    body.push('{"code":131000}}').end();
    expect((await reading.done).text).toBe('{"error":{"code":131000}}');
  });
});
