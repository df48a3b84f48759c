import { describe, expect, it } from 'vitest';
import type { ErrorsConfig } from '../../../src/config/schema.ts';
import { headerValue } from '../../../src/model/headers.ts';
import type { Outcome, Reply } from '../../../src/model/outcome.ts';
import { answer } from '../../../src/policy/answer.ts';
import { answered, exchangeOf, failed } from './fixtures.ts';

async function replyTo(outcome: Outcome, errors: ErrorsConfig = {}, exchange = exchangeOf(), upstream = 'api'): Promise<Reply> {
  const found = await answer({ upstream, errors, repeatable: undefined })(() => Promise.resolve(outcome))(exchange);
  if (found.type === 'failure') throw new Error('the answer layer let a failure through');
  return found;
}

function json(reply: Reply): unknown {
  return JSON.parse(Buffer.from(reply.body.whole() ?? []).toString());
}

const TIMEOUT = failed({ code: 'http_response_timeout', kind: 'timeout', detail: 'headers timeout after 7000 ms' });
const OPEN = failed({ code: 'destination_unavailable', phase: 'queue', kind: 'refused', replay: 'unsent', own: true, retryAfterMs: 4200 });

describe('the answer to a failure', () => {
  it('is the upstream’s own, unchanged, where it gave one', async () => {
    const own = answered(503, 'sorry', ['x-own', '1']);
    expect(await replyTo(failed({ kind: 'status', reply: own }))).toBe(own);
  });

  it.each([
    [TIMEOUT, 504],
    [failed({ code: 'connection_refused' }), 502],
    [failed({ code: 'connection_terminated' }), 502],
    [OPEN, 503],
    [failed({ code: 'connection_limit_reached', own: true }), 503],
  ])('has the status that HTTP says: %o', async (outcome, status) => {
    expect((await replyTo(outcome)).status).toBe(status);
  });

  it('names the failure, its phase and the host in Proxy-Status', async () => {
    const status = headerValue((await replyTo(TIMEOUT)).headers, 'proxy-status');
    expect(status).toMatch(
      /^breakwater; error=http_response_timeout; next-hop="api.example"; details="phase=headers; attempts=0; elapsed=\d+ms; headers timeout after 7000 ms"$/,
    );
  });

  it('says when to come back', async () => {
    expect(headerValue((await replyTo(OPEN)).headers, 'retry-after')).toBe('5');
  });

  it('says that the outcome of a send is unknown, and of a read not', async () => {
    const post = await replyTo(TIMEOUT, {}, exchangeOf({ method: 'POST' }));
    const get = await replyTo(TIMEOUT, {}, exchangeOf());
    expect([headerValue(post.headers, 'x-proxy-outcome'), headerValue(get.headers, 'x-proxy-outcome')]).toEqual(['unknown', undefined]);
  });

  it('is problem+json where the upstream has no dialect', async () => {
    const reply = await replyTo(TIMEOUT);
    expect(headerValue(reply.headers, 'content-type')).toBe('application/problem+json');
    expect(json(reply)).toMatchObject({ status: 504, code: 'api_timeout', detail: 'headers timeout after 7000 ms' });
  });

  it('tells a pace that is set here from a limit of the upstream', async () => {
    const paced = { code: 'request_paced', phase: 'queue', kind: 'refused', replay: 'unsent', own: true } as const;
    expect(JSON.stringify(json(await replyTo(failed(paced))))).toContain(
      '"Requests to the upstream api are paced, and this one would have to wait for too long"',
    );
    expect(JSON.stringify(json(await replyTo(failed({ ...paced, rule: 'daily_quota' }))))).toContain(
      '"The upstream api has set a limit that is reached"',
    );
  });

  it('is a google.rpc.Status with RetryInfo for Gemini', async () => {
    const reply = await replyTo(OPEN, { dialect: 'google', code: 'gemini' });
    expect(json(reply)).toMatchObject({
      error: {
        code: 503,
        status: 'UNAVAILABLE',
        details: [{ reason: 'GEMINI_UNAVAILABLE' }, { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '5s' }],
      },
    });
  });

  it('is a Graph error that is transient only where nothing was sent', async () => {
    const errors: ErrorsConfig = { dialect: 'graph', code: 'whatsapp' };
    expect(json(await replyTo(TIMEOUT, errors))).toMatchObject({ error: { code: 2, is_transient: false, type: 'OAuthException' } });
    expect(json(await replyTo(failed({ replay: 'unsent' }), errors))).toMatchObject({ error: { is_transient: true } });
  });

  it('is a PostgREST error with 504 instead of 503 where SDKs repeat that', async () => {
    const reply = await replyTo(OPEN, { dialect: 'postgrest', code: 'database', status: { 503: 504 } });
    expect(reply.status).toBe(504);
    expect(json(reply)).toEqual({
      code: 'DATABASE_UNAVAILABLE',
      message: 'The upstream api is failing and is left alone for now',
      details: 'other side closed',
      hint: null,
    });
  });

  it('is a GoTrue error in the shape of the API version that was asked for', async () => {
    const errors: ErrorsConfig = { dialect: 'gotrue', code: 'auth' };
    expect(json(await replyTo(TIMEOUT, errors))).toMatchObject({ code: 504, error_code: 'request_timeout' });
    const versioned = exchangeOf({ headers: ['x-supabase-api-version', '2024-01-01'] });
    expect(json(await replyTo(TIMEOUT, errors, versioned))).toMatchObject({ code: 'request_timeout' });
  });

  it('maps statuses of the upstream where asked, and only there', async () => {
    const errors: ErrorsConfig = { rewrite: { 520: 502 } };
    expect((await replyTo(answered(520), errors)).status).toBe(502);
    expect((await replyTo(failed({ kind: 'status', reply: answered(520) }), errors)).status).toBe(502);
    expect((await replyTo(answered(404), errors)).status).toBe(404);
  });

  it('maps a status that the cache remembers like one that came now, and none of our own', async () => {
    const errors: ErrorsConfig = { rewrite: { 410: 404, 504: 500 } };
    expect((await replyTo({ ...answered(410), source: 'cache' }, errors)).status).toBe(404);
    expect((await replyTo(TIMEOUT, errors)).status).toBe(504);
  });
});
