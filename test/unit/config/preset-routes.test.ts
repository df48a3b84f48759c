import { describe, expect, it } from 'vitest';
import { isRepeatable } from '../../../src/policy/repeatable.ts';
import { requestOf, routesOfPreset, settingsFor } from './preset-fixtures.ts';

/** Request, then what holds for it: route, whether it may be repeated, attempts, total in ms, cache ttl in ms. */
type Row = [
  request: string,
  route: string,
  repeatable: boolean,
  attempts: number,
  totalMs: number,
  ttlMs: number | undefined,
  more?: { body?: string; headers?: string[] },
];

/** What holds for the request of a row, in the shape of a row. */
function rowFor(preset: string, host: string, [line, , , , , , ...more]: Row): Row {
  const exchange = requestOf(line, host, more[0]);
  const settings = settingsFor(routesOfPreset(preset), exchange);
  const ttl = settings.cache?.enabled === false ? undefined : settings.cache?.ttl;
  return [
    line,
    settings.name,
    isRepeatable(exchange, settings.repeatable),
    settings.retry?.attempts ?? 1,
    settings.timeouts.total ?? 0,
    ttl,
    ...more,
  ];
}

describe('the routes of WhatsApp', () => {
  const read = { body: '{"messaging_product":"whatsapp","status":"read","message_id":"wamid.1","typing_indicator":{"type":"text"}}' };
  const text = { body: '{"messaging_product":"whatsapp","to":"48123","type":"text","text":{"body":"status: read"}}' };

  it.each<Row>([
    ['POST /v23.0/1055/messages', 'mark-read', true, 3, 10_000, undefined, read],
    ['POST /1055/messages', 'mark-read', true, 3, 10_000, undefined, read],
    ['POST /v23.0/1055/messages', 'send', false, 3, 10_000, undefined, text],
    ['POST /1055/messages', 'send', false, 3, 10_000, undefined, text],
    ['POST /v23.0/1055/messages?access_token=x', 'send', false, 3, 10_000, undefined, text],
    ['POST /v23.0/1055/messages', 'send', false, 3, 10_000, undefined, { body: 'not JSON' }],
    ['POST /v23.0/1055/media', 'upload-media', true, 2, 60_000, undefined],
    ['GET /v23.0/4490709327384033', 'media-url', true, 2, 10_000, undefined],
    ['GET /v23.0/4490709327384033?phone_number_id=1055', 'media-url', true, 2, 10_000, undefined],
    ['DELETE /v23.0/4490709327384033', 'default', true, 3, 10_000, undefined],
    ['GET lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1&ext=2&hash=3', 'download-media', true, 3, 10_000, undefined],
    ['GET /v23.0/102/message_templates?limit=100', 'templates', true, 3, 10_000, undefined],
    ['POST /v23.0/102/message_templates', 'settings-write', false, 3, 10_000, undefined],
    ['DELETE /v23.0/102/message_templates?name=x', 'settings-write', true, 3, 10_000, undefined],
    ['GET /v23.0/1055/whatsapp_business_profile', 'business-profile', true, 3, 10_000, undefined],
    ['GET /v23.0/1055?fields=quality_rating', 'number-info', true, 3, 10_000, undefined],
    ['POST /v23.0/1055/register', 'default', false, 3, 10_000, undefined],
  ])('%s is %s (repeatable %s, %d attempts, total %d ms)', (...row) => expect(rowFor('whatsapp', 'graph.facebook.com', row)).toEqual(row));

  it('bound a download by idle, and have breakers apart for media', () => {
    const settings = settingsFor(routesOfPreset('whatsapp'), requestOf('GET lookaside.fbsbx.com/a?mid=1', ''));
    expect(settings).toMatchObject({ streaming: true, timeouts: { idle: 15_000 }, breaker: { group: 'lookaside', consecutive: 5, openFor: 60_000 } });
  });

  it('pace a pair of number and recipient, and a number', () => {
    const settings = settingsFor(routesOfPreset('whatsapp'), requestOf('POST /v23.0/1055/messages', 'graph.facebook.com', text));
    expect(settings).toMatchObject({
      resend: { window: 60_000 },
      pace: [
        { name: 'pair', key: ['{phone}', 'json:to'], burst: 45, hold: { codes: ['pair_limit'], base: 1000, factor: 4 } },
        { name: 'number', key: ['{phone}'], burst: 80, hold: { codes: ['throughput_limit'] } },
      ],
    });
  });

  it('have the values of the whole upstream: connect 3 s, headers 7 s, breaker after 5 failures for 60 s', () => {
    const settings = settingsFor(routesOfPreset('whatsapp'), requestOf('POST /v23.0/1/messages', 'graph.facebook.com'));
    expect(settings).toMatchObject({
      timeouts: { connect: 3000, headers: 7000 },
      breaker: { consecutive: 5, openFor: 60_000 },
      errors: { dialect: 'graph', code: 'whatsapp' },
    });
  });
});

describe('the routes of Gemini', () => {
  it.each<Row>([
    ['POST /v1beta/models/gemini-2.5-flash:generateContent', 'generate', true, 3, 15_000, undefined],
    ['POST /v1/models/gemini-2.5-flash:generateContent?key=x', 'generate', true, 3, 15_000, undefined],
    ['POST /v1beta/tunedModels/mine-1:generateContent', 'generate', true, 3, 15_000, undefined],
    ['POST /v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse', 'stream', true, 3, 25_000, undefined],
    ['POST /v1beta/models/gemini-2.5-flash:countTokens', 'count-tokens', true, 3, 15_000, undefined],
    ['POST /v1beta/models/text-embedding-004:embedContent', 'embed', true, 3, 15_000, undefined],
    ['POST /v1beta/models/text-embedding-004:batchEmbedContents', 'embed', true, 3, 15_000, undefined],
    ['GET /v1beta/models?pageSize=1', 'models', true, 3, 15_000, 600_000],
    ['GET /v1beta/models/gemini-2.5-flash', 'models', true, 3, 15_000, 600_000],
    ['POST /upload/v1beta/files', 'upload', false, 3, 600_000, undefined],
    ['GET /ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent', 'live', false, 1, 15_000, undefined],
    ['POST /v1beta/cachedContents', 'default', false, 3, 15_000, undefined],
  ])('%s is %s (repeatable %s, %d attempts, total %d ms)', (...row) =>
    expect(rowFor('gemini', 'generativelanguage.googleapis.com', row)).toEqual(row),
  );

  it('have the values of the whole upstream: connect 3 s, headers 12 s, breaker after 5 failures for 60 s', () => {
    const settings = settingsFor(routesOfPreset('gemini'), requestOf('POST /v1beta/models/m:generateContent', ''));
    expect(settings).toMatchObject({
      timeouts: { connect: 3000, headers: 12_000 },
      breaker: { consecutive: 5, openFor: 60_000 },
      errors: { dialect: 'google', code: 'gemini' },
    });
  });

  it('have a breaker for each model, and take the time that an SDK says it has', () => {
    const settings = settingsFor(routesOfPreset('gemini'), requestOf('POST /v1beta/models/m:generateContent', ''));
    expect(settings).toMatchObject({ breaker: { scope: ['authority', '{model}'] }, timeouts: { deadlineHeader: 'X-Server-Timeout' } });
    expect(settings.classify.find((rule) => rule.code === 'quota_day')?.quota).toEqual({ until: 'duration', for: 3_600_000 });
  });

  it('end a stream by idle alone, once it has begun', () => {
    const settings = settingsFor(routesOfPreset('gemini'), requestOf('POST /v1beta/models/m:streamGenerateContent', ''));
    expect(settings).toMatchObject({ streaming: true, timeouts: { idle: 30_000 }, guard: { stream: 'sse' } });
  });
});

describe('the routes of Supabase', () => {
  const merge = { headers: ['prefer', 'return=representation,resolution=merge-duplicates'] };
  const ignore = { headers: ['prefer', 'resolution=ignore-duplicates,return=representation'] };

  it.each<Row>([
    ['GET /rest/v1/bot_profiles?select=*&id=eq.1', 'settings-read', true, 3, 10_000, 300_000],
    ['GET /rest/v1/accounts?select=%2A', 'settings-read', true, 3, 10_000, 300_000],
    ['HEAD /rest/v1/user_permissions', 'settings-read', true, 3, 10_000, 300_000],
    ['GET /rest/v1/messages?conversation_id=eq.5', 'table-read', true, 3, 10_000, undefined],
    ['GET /rest/v1/bots2', 'table-read', true, 3, 10_000, undefined],
    ['POST /rest/v1/messages', 'table-write', false, 3, 10_000, undefined],
    ['POST /rest/v1/bots', 'table-write', false, 3, 10_000, undefined],
    ['POST /rest/v1/messages?on_conflict=wa_id', 'table-upsert', true, 3, 10_000, undefined, merge],
    ['POST /rest/v1/messages?on_conflict=wa_id', 'table-write', false, 3, 10_000, undefined, ignore],
    ['PATCH /rest/v1/messages?id=eq.1', 'table-write', false, 3, 10_000, undefined],
    ['DELETE /rest/v1/messages?id=eq.1', 'table-write', false, 3, 10_000, undefined],
    ['PUT /rest/v1/messages?id=eq.1', 'table-put', true, 3, 10_000, undefined],
    ['GET /rest/v1/rpc/search?q=x', 'rpc-read', true, 3, 10_000, undefined],
    ['POST /rest/v1/rpc/search', 'rpc-call', false, 3, 10_000, undefined],
    ['GET /auth/v1/user', 'auth-user', true, 3, 5000, 10_000],
    ['PUT /auth/v1/user', 'auth', false, 3, 5000, undefined],
    ['GET /auth/v1/.well-known/jwks.json', 'auth-keys', true, 3, 5000, undefined],
    ['GET /auth/v1/settings', 'auth-settings', true, 2, 5000, 60_000],
    ['GET /auth/v1/health', 'auth-health', true, 2, 5000, undefined],
    ['POST /auth/v1/token?grant_type=refresh_token', 'auth', false, 3, 5000, undefined],
    ['GET /auth/v1/verify?token=x', 'auth', false, 3, 5000, undefined],
    ['POST /auth/v1/logout', 'auth', false, 3, 5000, undefined],
    ['GET /storage/v1/object/public/media/a.jpg', 'storage-public', true, 3, 20_000, undefined],
    ['GET /storage/v1/object/media/a.jpg', 'storage-download', true, 3, 20_000, undefined],
    ['POST /storage/v1/object/sign/media/a.jpg', 'storage-query', true, 3, 20_000, undefined],
    ['POST /storage/v1/object/list/media', 'storage-query', true, 3, 20_000, undefined],
    ['POST /storage/v1/object/media/a.jpg', 'storage-write', false, 3, 20_000, undefined],
    ['POST /storage/v1/object/media/a.jpg', 'storage-upsert', true, 3, 20_000, undefined, { headers: ['x-upsert', 'true'] }],
    ['POST /storage/v1/object/media/a.jpg', 'storage-write', false, 3, 20_000, undefined, { headers: ['x-upsert', 'false'] }],
    ['POST /functions/v1/reply', 'functions', false, 3, 60_000, undefined],
    ['GET /realtime/v1/websocket?apikey=x', 'realtime', false, 1, 10_000, undefined],
    ['POST /graphql/v1', 'graphql-mutation', false, 3, 10_000, undefined],
  ])('%s is %s (repeatable %s, %d attempts, total %d ms)', (...row) => expect(rowFor('supabase', 'x.supabase.co', row)).toEqual(row));

  it.each([
    ['GET /rest/v1/messages', 'rest', 'postgrest', 'database'],
    ['POST /rest/v1/rpc/f', 'rest', 'postgrest', 'database'],
    ['GET /auth/v1/user', 'auth', 'gotrue', 'auth'],
    ['POST /auth/v1/token', 'auth', 'gotrue', 'auth'],
    ['GET /storage/v1/object/a/b', 'storage', 'storage', 'storage'],
    ['POST /functions/v1/f', 'functions', 'problem', 'functions'],
  ])('%s has the breaker %s, and errors in the dialect %s as %s_timeout, never with 503', (line, group, dialect, code) => {
    const settings = settingsFor(routesOfPreset('supabase'), requestOf(line, 'x.supabase.co'));
    expect(settings).toMatchObject({
      breaker: { group, consecutive: 5, openFor: 60_000 },
      errors: { dialect, code, status: { 503: 504 } },
    });
  });

  it('leave requests alone that their client repeats itself', () => {
    for (const settings of routesOfPreset('supabase')) expect([settings.retry?.attemptsHeader].flat()).toEqual(['X-Retry-Count']);
  });

  it('keep in the key all by which PostgREST chooses its answer', () => {
    for (const line of ['GET /rest/v1/bots', 'GET /rest/v1/messages']) {
      const { cache } = settingsFor(routesOfPreset('supabase'), requestOf(line, 'x.supabase.co'));
      expect(cache?.keyHeaders).toEqual(expect.arrayContaining(['accept', 'accept-profile', 'prefer', 'range']));
      expect(cache?.shared).toBeUndefined();
    }
  });
});
