import { describe, expect, it } from 'vitest';
import { compileClassifier, type Verdict } from '../../../src/policy/classify.ts';
import { compilePushback } from '../../../src/policy/pushback.ts';
import { routesOfPreset } from './preset-fixtures.ts';

/** What a preset makes of an answer on a route: replay class, blame and the rule's name; undefined where it is an answer like any other. */
function verdictOn(preset: string, route: string, status: number, document: unknown, headers: string[] = []): Verdict | undefined {
  const settings = routesOfPreset(preset).find(({ name }) => name === route);
  return compileClassifier(settings?.classify ?? [], true).classify(status, headers, document);
}

function brief(verdict: Verdict | undefined): string {
  return verdict === undefined ? 'none' : [verdict.replay, verdict.blame ?? 'count', verdict.rule ?? '-'].join(' ');
}

describe('what the errors of WhatsApp mean for a send', () => {
  it.each([
    [401, 0, {}, 'answered ignore token'],
    [500, 1, {}, 'ambiguous count outcome_unknown'],
    [400, 1, {}, 'answered ignore rejected'],
    [503, 2, {}, 'ambiguous count service_down'],
    [400, 2, {}, 'ambiguous count service_down'],
    [500, 2, { is_transient: true }, 'refused count transient'],
    [500, 2, { is_transient: false }, 'ambiguous count service_down'],
    [500, 3, {}, 'answered ignore rejected'],
    [429, 4, { is_transient: true }, 'answered ignore hourly_limit'],
    [400, 4, {}, 'answered ignore hourly_limit'],
    [403, 10, {}, 'answered ignore rejected'],
    [403, 200, {}, 'answered ignore rejected'],
    [403, 299, {}, 'answered ignore rejected'],
    [429, 17, { is_transient: true }, 'answered ignore hourly_limit'],
    [400, 33, {}, 'answered ignore rejected'],
    [400, 100, {}, 'answered ignore rejected'],
    [401, 190, {}, 'answered ignore token'],
    [403, 368, {}, 'answered ignore rejected'],
    [429, 80007, { is_transient: true }, 'answered ignore hourly_limit'],
    [400, 130429, {}, 'refused ignore throughput_limit'],
    [429, 130429, { is_transient: true }, 'refused ignore throughput_limit'],
    [400, 130472, {}, 'answered ignore rejected'],
    [500, 131000, {}, 'ambiguous count outcome_unknown'],
    [500, 131000, { is_transient: true }, 'ambiguous count outcome_unknown'],
    [400, 131008, {}, 'answered ignore rejected'],
    [503, 131016, {}, 'ambiguous count outcome_unknown'],
    [400, 131026, {}, 'answered ignore rejected'],
    [400, 131047, {}, 'answered ignore rejected'],
    [429, 131048, {}, 'answered ignore number_limit'],
    [429, 131056, {}, 'refused ignore pair_limit'],
    [400, 131056, {}, 'refused ignore pair_limit'],
    [500, 131057, { is_transient: true }, 'answered ignore number_limit'],
    [400, 132001, {}, 'answered ignore rejected'],
    [503, 133004, {}, 'ambiguous count outcome_unknown'],
    [400, 999999, {}, 'none'],
    [404, 803, {}, 'answered ignore rejected'],
  ])('%d with code %d %j: %s', (status, code, more, expected) => {
    const error = { message: `(#${code}) something`, type: 'OAuthException', code, fbtrace_id: 'Az8or2yh', ...more };
    expect(brief(verdictOn('whatsapp', 'send', status, { error }))).toBe(expected);
  });

  it('go by the status where the body is no JSON: an HTML page with 502 leaves it open', () => {
    expect(brief(verdictOn('whatsapp', 'send', 502, undefined))).toBe('ambiguous count -');
    expect(brief(verdictOn('whatsapp', 'send', 404, undefined))).toBe('none');
  });

  it('are the same where error_data is plain text', () => {
    const error = { message: '(#130429) Rate limit hit', code: 130429, error_data: 'Message failed to send because there were too many messages' };
    expect(brief(verdictOn('whatsapp', 'send', 400, { error }))).toBe('refused ignore throughput_limit');
  });
});

describe('what the errors of Gemini mean', () => {
  const violation = (quotaId: string) => ({
    '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
    violations: [
      {
        quotaMetric: 'generativelanguage.googleapis.com/generate_content_free_tier_input_token_count',
        quotaId,
        quotaDimensions: { location: 'global', model: 'gemini-2.5-flash' },
        quotaValue: '250000',
      },
    ],
  });
  const retryInfo = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '26s' };
  const exhausted = (...details: object[]) => ({
    error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'You exceeded your current quota', details },
  });
  const perMinute = 'GenerateContentInputTokensPerModelPerMinute-FreeTier';
  const perDay = 'GenerateRequestsPerDayPerProjectPerModel-FreeTier';

  it.each([
    ['a quota per minute', 429, exhausted(violation(perMinute), retryInfo), 'refused ignore quota_minute'],
    ['a quota per day', 429, exhausted(violation(perDay), retryInfo), 'answered ignore quota_day'],
    ['both quotas: the day wins', 429, exhausted(violation(perMinute), violation(perDay), retryInfo), 'answered ignore quota_day'],
    ['a quota without details', 429, exhausted(), 'refused ignore quota_minute'],
    ['overload', 503, { error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } }, 'ambiguous count overloaded'],
    [
      'an internal fault',
      500,
      { error: { code: 500, message: 'An internal error has occurred.', status: 'INTERNAL' } },
      'ambiguous count overloaded',
    ],
    ['its own deadline', 504, { error: { code: 504, message: 'Deadline expired', status: 'DEADLINE_EXCEEDED' } }, 'answered count deadline'],
    ['a bad key', 400, { error: { code: 400, status: 'INVALID_ARGUMENT', details: [{ reason: 'API_KEY_INVALID' }] } }, 'none'],
    ['no permission', 403, { error: { code: 403, status: 'PERMISSION_DENIED' } }, 'none'],
    ['an unknown model', 404, { error: { code: 404, status: 'NOT_FOUND' } }, 'none'],
    ['a client that left', 499, { error: { code: 499, status: 'CANCELLED' } }, 'none'],
  ])('%s', (_what, status, document, expected) => {
    expect(brief(verdictOn('gemini', 'generate', status, document))).toBe(expected);
    expect(brief(verdictOn('gemini', 'stream', status, [document]))).toBe(expected);
  });

  it('tell in the body how long to wait', () => {
    const settings = routesOfPreset('gemini').find(({ name }) => name === 'generate');
    const pushback = compilePushback(settings?.pushback ?? []);
    expect(pushback([], exhausted(violation(perMinute), retryInfo), 0)).toBe(26_000);
    expect(pushback([], [exhausted(retryInfo)], 0)).toBe(26_000);
    expect(pushback([], exhausted(), 0)).toBeUndefined();
    expect(settings?.retry).toMatchObject({ refused: true, maxWait: 5000 });
  });
});

describe('what the errors of Supabase mean for a write', () => {
  it.each([
    [503, 'PGRST000', 'refused count database_unavailable'],
    [503, 'PGRST001', 'ambiguous count database_lost'],
    [503, 'PGRST002', 'refused count database_unavailable'],
    [504, 'PGRST003', 'refused count database_unavailable'],
    [503, '08006', 'ambiguous count database_lost'],
    [503, '53300', 'refused count database_unavailable'],
    [500, '53400', 'ambiguous count database_lost'],
    [503, '57P01', 'ambiguous count database_lost'],
    [500, '57014', 'answered ignore statement_timeout'],
    [500, '40001', 'refused ignore conflict'],
    [500, '40P01', 'refused ignore conflict'],
    [500, '55P03', 'refused ignore conflict'],
    [409, '23505', 'none'],
    [403, '42501', 'none'],
    [401, 'PGRST301', 'none'],
    [406, 'PGRST116', 'none'],
    [400, 'P0001', 'none'],
    [405, '25006', 'none'],
    [500, 'XX000', 'ambiguous count -'],
  ])('%d with code %s: %s', (status, code, expected) => {
    expect(brief(verdictOn('supabase', 'table-write', status, { code, message: 'x', details: null, hint: null }))).toBe(expected);
  });

  it.each([
    [520, 'ambiguous count gateway_lost'],
    [521, 'unsent count gateway_unreachable'],
    [522, 'ambiguous count gateway_lost'],
    [523, 'unsent count gateway_unreachable'],
    [524, 'ambiguous count gateway_lost'],
    [525, 'unsent count gateway_unreachable'],
    [526, 'unsent count gateway_unreachable'],
    [527, 'ambiguous count gateway_lost'],
    [530, 'unsent count gateway_unreachable'],
    [540, 'answered ignore project_limit'],
    [402, 'answered ignore project_limit'],
    [544, 'ambiguous count gateway_timeout'],
    [546, 'answered ignore project_limit'],
    [502, 'ambiguous count -'],
    [401, 'none'],
  ])('%d, a page of the gateway: %s', (status, expected) => {
    expect(brief(verdictOn('supabase', 'table-read', status, undefined, ['content-type', 'text/html']))).toBe(expected);
  });

  it.each(['auth', 'functions'])(
    'do not let what says itself that it was refused be sent again on %s: a login counts, and a function may have run',
    (route) => {
      expect(routesOfPreset('supabase').find(({ name }) => name === route)?.retry).toMatchObject({ refused: false });
    },
  );

  it('let the database end a query of 8 s itself, and time for its answer', () => {
    const rest = routesOfPreset('supabase').filter(({ match }) => match?.path?.some((path) => path.startsWith('/rest/v1')));
    expect(rest.length).toBeGreaterThan(3);
    for (const { timeouts } of rest) {
      expect(timeouts.headers).toBeGreaterThan(8000);
      expect(timeouts.total).toBeGreaterThan(timeouts.headers ?? Infinity);
    }
  });
});
