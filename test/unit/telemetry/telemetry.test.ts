import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../../../src/telemetry/codes.ts';
import { answered, failed } from '../policy/fixtures.ts';
import { attempt, ended, listening, opening, readingsOf, upstreamReading } from './fixtures.ts';

const refused = failed({ code: 'connection_refused', phase: 'connect', kind: 'refused', replay: 'unsent', detail: 'connect ECONNREFUSED' });

describe('the access log', () => {
  it('tells one exchange in one line, with its attempts', () => {
    const { telemetry, logged } = listening();
    const attempts = [attempt({ status: undefined, failure: refused, elapsedMs: 5 }), attempt({ number: 2, elapsedMs: 30.12345 })];
    telemetry.exchangeEnded(
      ended({ path: '/v1/messages?key=abc', attempts, waitedMs: 100, bytesIn: 10, bytesOut: 12, cacheStatus: 'fwd=miss; stored' }),
      140,
    );
    expect(logged()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        msg: 'exchange',
        id: 'req-1',
        entry: 'prefix',
        method: 'GET',
        upstream: 'api',
        route: 'messages',
        authority: 'api.example',
        path: '/v1/messages?key=[redacted]',
        status: 200,
        outcome: 'ok',
        source: 'upstream',
        cache: 'fwd=miss; stored',
        attempts: [
          {
            number: 1,
            phase: 'connect',
            kind: 'refused',
            code: 'connection_refused',
            detail: 'connect ECONNREFUSED',
            elapsedMs: 5,
            connectMs: 0,
            firstByteMs: 20,
            reused: true,
          },
          { number: 2, status: 200, elapsedMs: 30.123, connectMs: 0, firstByteMs: 20, reused: true },
        ],
        waitedMs: 100,
        elapsedMs: 140,
        bytesIn: 10,
        bytesOut: 12,
        aborted: false,
      },
    ]);
  });

  it('says at which level by how the exchange ended', () => {
    const { telemetry, logged } = listening();
    const left = ended();
    left.abort(0);
    telemetry.exchangeEnded(ended({ status: 404 }), 1);
    telemetry.exchangeEnded(left, 1);
    telemetry.exchangeEnded(ended({ status: 502, failure: refused, source: 'proxy' }), 1);
    telemetry.exchangeEnded(ended({ outcomeUnknown: true, status: 504 }), 1);
    telemetry.exchangeEnded(ended({ status: 500, source: 'proxy', failure: failed({ code: 'proxy_internal_error', own: true }) }), 1);
    expect(logged().map(({ level, outcome }) => [level, outcome])).toEqual([
      ['info', 'ok'],
      ['info', 'client_closed'],
      ['warn', 'failed'],
      ['warn', 'unknown'],
      ['error', 'failed'],
    ]);
    expect(logged()[2]?.['failure']).toEqual({
      code: 'connection_refused',
      phase: 'connect',
      kind: 'refused',
      replay: 'unsent',
      own: false,
      detail: 'connect ECONNREFUSED',
    });
  });

  it('is silent where it is turned off, while the rest is still said', () => {
    const { telemetry, logged } = listening({ access: false });
    telemetry.exchangeEnded(ended(), 1);
    telemetry.breakerChanged(opening());
    expect(logged()).toMatchObject([{ level: 'warn', msg: 'breaker open', reason: '5 in a row', cause: 'consecutive' }]);
  });
});

describe('the log', () => {
  it('says more or less, with or without exchanges, as a reload asks', () => {
    const { telemetry, logged } = listening({ level: 'error' });
    telemetry.exchangeEnded(ended({ status: 201 }), 1);
    telemetry.log.setLevel('info');
    telemetry.exchangeEnded(ended({ status: 202 }), 1);
    telemetry.logAccess(false);
    telemetry.exchangeEnded(ended({ status: 203 }), 1);
    expect(logged().map(({ status }) => status)).toEqual([202]);
  });
});

describe('a secret', () => {
  const secret = fc
    .string({ unit: fc.constantFrom(...'ABCDEFabcdefghijk0123456789-_'.split('')), minLength: 12, maxLength: 40 })
    .map((text) => `q7Z${text}`);

  it('planted anywhere that telemetry sees comes out nowhere: log, journal, metrics', async () => {
    await fc.assert(
      fc.asyncProperty(secret, fc.constantFrom('key', 'access_token', 'apikey', 'hash', 'refresh_token'), async (value, name) => {
        const { telemetry, lines } = listening();
        telemetry.readFrom(readingsOf(upstreamReading()));
        const told = failed({ detail: `GET https://api.example/?${name}=${value}: authorization: Bearer ${value}` });
        const headers = ['authorization', `Bearer ${value}`, 'apikey', value, 'cookie', `sid=${value}`, 'x-goog-api-key', value, 'x-anything', value];
        const attempts = [attempt({ failure: told, status: undefined })];
        const withReply = { ...told, reply: answered(500, value, ['set-cookie', value]) };
        const exchange = ended({
          path: `/x?a=1&${name}=${value}`,
          headers,
          attempts,
          failure: withReply,
          status: 502,
          body: { kind: 'bytes', bytes: Buffer.from(value) },
        });
        for (const one of attempts) telemetry.attemptEnded(exchange, one);
        telemetry.exchangeEnded(exchange, 12);
        telemetry.rejected('malformed', 400, `bad target /x?${name}=${value}`);
        telemetry.breakerChanged(opening({ reason: `last: ${name}=${value}`, cause: 'ratio' }));
        telemetry.warned('api', 'messages', 'patience', `for /x?${name}=${value}`);
        const bug = new Error(`cannot read https://u:${value}@x/?${name}=${value}`, { cause: new Error(`authorization: Bearer ${value}`) });
        telemetry.internalError(Object.assign(bug, { headers: { authorization: value }, body: value }));
        const shown = [
          lines,
          telemetry.journal.list({ limit: 10 }),
          telemetry.stats.warnings,
          telemetry.stats.upstream('api').all.read(0),
          await telemetry.metrics.expose(undefined),
        ];
        expect(JSON.stringify(shown)).not.toContain(value);
        expect(lines.length).toBe(5);
      }),
      { numRuns: 30 },
    );
  });
});

describe('the end of an exchange', () => {
  const limited = failed({ code: 'http_response_status', kind: 'status', replay: 'refused' });
  it.each([
    ['an answer', { status: 200 }, 'ok'],
    ['a mistake of the client', { status: 404 }, 'ok'],
    ['an error of the upstream', { status: 500 }, 'failed'],
    ['a refusal that retries did not mend', { status: 400, failure: limited }, 'failed'],
    ['an error of ours', { status: 504, source: 'proxy', failure: refused }, 'failed'],
    ['a failure that the cache covered', { status: 200, source: 'cache', failure: refused }, 'ok'],
    ['a failure that a fallback covered', { status: 200, source: 'proxy', failure: refused }, 'ok'],
    ['an answer that broke off', { status: 200, failure: failed({ phase: 'body', replay: 'cut' }) }, 'failed'],
    ['no answer at all', { status: 0 }, 'failed'],
  ] as const)('with %s counts as told', (_name, parts, outcome) => {
    expect(outcomeOf(ended(parts))).toBe(outcome);
  });
});

describe('the journal', () => {
  it('keeps the last ones, newest first, and no more than it should', () => {
    const { telemetry } = listening({ journalSize: 3 });
    for (const status of [200, 201, 202, 203, 204]) telemetry.exchangeEnded(ended({ status }), 1);
    expect(telemetry.journal.list({ limit: 10 }).map(({ status }) => status)).toEqual([204, 203, 202]);
    expect(telemetry.journal.list({ limit: 2 }).map(({ status }) => status)).toEqual([204, 203]);
  });

  it('finds by upstream and by failure', () => {
    const { telemetry } = listening();
    telemetry.exchangeEnded(ended({ status: 200 }), 1);
    telemetry.exchangeEnded(ended({ status: 503, upstream: 'other' }), 1);
    telemetry.exchangeEnded(ended({ status: 504, outcomeUnknown: true }), 1);
    expect(telemetry.journal.list({ limit: 10, upstream: 'other' }).map(({ status }) => status)).toEqual([503]);
    expect(telemetry.journal.list({ limit: 10, failed: true }).map(({ status }) => status)).toEqual([504, 503]);
  });
});

describe('what is known of a dependency', () => {
  it('counts upstream faults alone: no refusal of ours, no client that left, no full pool', () => {
    const { telemetry } = listening();
    const say = (parts: Parameters<typeof attempt>[0]): void => telemetry.attemptEnded(ended(), attempt(parts));
    say({ status: undefined, failure: failed({ code: 'client_closed', kind: 'aborted', own: true }) });
    say({ status: undefined, failure: failed({ code: 'connection_limit_reached', phase: 'queue', kind: 'timeout' }) });
    say({ status: undefined, failure: failed({ code: 'http_request_error', phase: 'send', kind: 'protocol' }) });
    say({ status: 404 });
    expect(telemetry.stats.upstream('api').all.read(1_000_000)).toMatchObject({ ok: 1, failed: 0, lastError: undefined });
  });

  it('names the last error by code, phase and time, and counts failures in a row', () => {
    const { telemetry, clock } = listening();
    telemetry.attemptEnded(ended(), attempt({ status: undefined, failure: refused }));
    clock.advance(1000);
    telemetry.attemptEnded(ended(), attempt({ status: 503 }));
    const recent = telemetry.stats.upstream('api').all.read(clock.now());
    expect(recent).toMatchObject({ ok: 0, failed: 2, inARow: 2 });
    expect(recent.lastError).toEqual({
      code: 'http_response_status',
      phase: 'headers',
      kind: 'status',
      detail: 'answered 503',
      status: 503,
      authority: 'api.example',
      route: 'messages',
      at: clock.wallNow(),
    });
    telemetry.attemptEnded(ended(), attempt());
    expect(telemetry.stats.upstream('api').all.read(clock.now())).toMatchObject({ ok: 1, failed: 2, inARow: 0 });
  });

  it('does not take rate limits for an outage', () => {
    const { telemetry, clock } = listening();
    for (let i = 0; i < 5; i++) telemetry.attemptEnded(ended(), attempt({ status: 429 }));
    expect(telemetry.stats.upstream('api').all.read(clock.now())).toMatchObject({ failed: 5, inARow: 0 });
  });

  it.each<[verdict: Parameters<typeof failed>[0], status: number, ok: number, failures: number, inARow: number]>([
    [{ replay: 'ambiguous' }, 400, 0, 1, 1],
    [{ replay: 'refused' }, 200, 0, 1, 1],
    [{ replay: 'refused', blame: 'soft' }, 400, 0, 1, 0],
    [{ replay: 'refused', blame: 'ignore' }, 400, 0, 1, 0],
    [{ replay: 'answered', blame: 'ignore' }, 429, 0, 1, 0],
    [{ replay: 'answered', blame: 'ignore' }, 500, 0, 1, 0],
    [{ replay: 'answered', blame: 'ignore' }, 400, 1, 0, 0],
  ])('goes by what the policies made of an answer: %o of a %d is %d ok, %d failed, %d in a row', (verdict, status, ok, failures, inARow) => {
    const { telemetry, clock } = listening();
    const judged = failed({ code: 'http_response_status', kind: 'status', detail: 'judged', ...verdict });
    telemetry.attemptEnded(ended(), attempt({ status, verdict: judged }));
    const recent = telemetry.stats.upstream('api').all.read(clock.now());
    expect(recent).toMatchObject({ ok, failed: failures, inARow, lastError: failures === 0 ? undefined : { status, detail: 'judged' } });
  });

  it('blames a body that broke off, whatever was made of its head', () => {
    const { telemetry, clock } = listening();
    const verdict = failed({ kind: 'status', blame: 'ignore', replay: 'answered', detail: 'rejected' });
    telemetry.attemptEnded(ended(), attempt({ status: 400, verdict, failure: failed({ phase: 'body', detail: 'cut' }) }));
    expect(telemetry.stats.upstream('api').all.read(clock.now())).toMatchObject({ failed: 1, lastError: { detail: 'cut', phase: 'body' } });
  });

  it('tells hosts apart, up to a bound', () => {
    const { telemetry, clock } = listening();
    for (let i = 0; i < 200; i++) telemetry.attemptEnded(ended({ authority: `h${i}.example` }), attempt());
    const { hosts } = telemetry.stats.upstream('api');
    expect(hosts.size).toBe(65);
    expect(hosts.get('*')?.read(clock.now()).ok).toBe(136);
  });

  it('keeps one warning per policy and route, until it is taken back', () => {
    const { telemetry } = listening();
    telemetry.warned('api', 'messages', 'patience', 'first');
    telemetry.warned('api', 'messages', 'patience', 'second');
    expect(telemetry.stats.warnings).toMatchObject([{ text: 'second' }]);
    telemetry.warned('api', 'messages', 'patience', '');
    expect(telemetry.stats.warnings).toEqual([]);
  });
});
