import { describe, expect, it } from 'vitest';
import type { PushbackRule } from '../../../src/config/schema.ts';
import { compilePushback, compileQuotaPushback, readsBody } from '../../../src/policy/pushback.ts';

/** Graph's header: by account, the limits that a call counted towards. */
function usage(...minutes: unknown[]): string[] {
  const limits = minutes.map((estimated) => ({ type: 'whatsapp', call_count: 100, estimated_time_to_regain_access: estimated }));
  return ['x-business-use-case-usage', JSON.stringify({ 102290129340398: limits })];
}

describe('a wait that stands in a document in a header', () => {
  const rule: PushbackRule = { header: 'X-Business-Use-Case-Usage', json: '[*][*].estimated_time_to_regain_access', format: 'minutes' };
  const wait = (headers: string[], ...more: PushbackRule[]): number | undefined => compilePushback([rule, ...more])(headers, { wait: 9 }, 0);

  it.each([
    ['in minutes', usage(19), 19 * 60_000],
    ['the longest of several', usage(0, 3, '45', 7), 45 * 60_000],
    ['of a day at most', usage(100_000), 86_400_000],
    ['0, which is none', usage(0), undefined],
    ['no number', usage('soon', null, -5), undefined],
    ['without any', ['x-business-use-case-usage', '{}'], undefined],
    ['not JSON', ['x-business-use-case-usage', '{"1":[{"estim'], undefined],
    ['another document', ['x-business-use-case-usage', '[null, 7, "x"]'], undefined],
    ['absent', [], undefined],
  ])('%s', (_what, headers, expected) => {
    expect(wait(headers)).toBe(expected);
  });

  it('says nothing of retries and breakers where it speaks of a quota alone', () => {
    const rules = [{ ...rule, quotaOnly: true }];
    expect(compilePushback(rules)(usage(19), undefined, 0)).toBeUndefined();
    expect(compileQuotaPushback(rules)(usage(19), undefined, 0)).toBe(19 * 60_000);
    expect(compileQuotaPushback([rule])(usage(19), undefined, 0)).toBeUndefined();
  });

  it('comes after Retry-After, and where it is none the next place is asked', () => {
    expect(wait([...usage(19), 'retry-after', '7'])).toBe(7000);
    expect(wait(usage(0), { header: 'x-wait', format: 'seconds' })).toBeUndefined();
    expect(wait([...usage(0), 'x-wait', '2'], { header: 'x-wait', format: 'seconds' })).toBe(2000);
  });

  it('needs no body', () => {
    expect([readsBody([rule]), readsBody([rule, { json: 'wait' }])]).toEqual([false, true]);
  });
});
