import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quotaError } from '../../simulators/gemini/errors.ts';
import { type Simulators, startSimulators } from '../../simulators/start.ts';
import { graphError } from '../../simulators/whatsapp/errors.ts';
import { caller } from './client.ts';

let sim: Simulators;
let call: ReturnType<typeof caller>;
beforeAll(async () => {
  sim = await startSimulators();
  call = caller(sim);
});
afterAll(() => sim[Symbol.asyncDispose]());

describe('the simulated WhatsApp Cloud API', () => {
  const headers = { authorization: 'Bearer t' };
  const graph = (path: string, ask = {}) => call(`https://graph.facebook.com${path}`, { headers, ...ask });

  it('marks as read under the URL of a send, and sends nothing', async () => {
    const seen = await graph('/v23.0/106/messages', {
      method: 'POST',
      body: { messaging_product: 'whatsapp', status: 'read', message_id: 'wamid.1' },
    });
    expect(seen.json()).toEqual({ success: true });
    expect(sim.whatsapp.marksRead).toEqual(['wamid.1']);
    expect(sim.whatsapp.messagesSent).toEqual([]);
  });

  it('gives media by its four chained steps: id, link, bytes in ranges, and 404 once the link is old', async () => {
    const id = sim.whatsapp.media.add(Buffer.from('0123456789'));
    const described = (await graph(`/v23.0/${id}`)).json();
    expect(described).toMatchObject({ id, mime_type: 'image/jpeg', file_size: '10' });
    expect((await call(described.url)).status).toBe(401);
    const whole = await call(described.url, { headers });
    expect(whole).toMatchObject({ status: 200, text: '0123456789', headers: { 'accept-ranges': 'bytes' } });
    const etag = String(whole.headers.etag);
    expect(await call(described.url, { headers: { ...headers, range: 'bytes=4-', 'if-range': etag } })).toMatchObject({
      status: 206,
      text: '456789',
      headers: { 'content-range': 'bytes 4-9/10' },
    });
    expect(await call(described.url, { headers: { ...headers, range: 'bytes=4-', 'if-range': '"other"' } })).toMatchObject({
      status: 200,
      text: '0123456789',
    });
    expect((await call(described.url, { headers: { ...headers, range: 'bytes=10-' } })).status).toBe(416);
    expect((await call(described.url, { headers: { ...headers, 'if-none-match': etag } })).status).toBe(304);
    expect((await call(described.url.replace(/ext=\d+/, 'ext=1'), { headers })).status).toBe(404);
    expect((await graph(`/v23.0/${id}`, { method: 'DELETE' })).json()).toEqual({ success: true });
    expect((await graph(`/v23.0/${id}`)).json().error).toMatchObject({ code: 100, type: 'GraphMethodException' });
  });

  it('takes uploads', async () => {
    const form = new Request('http://x', { method: 'POST', body: formOf({ messaging_product: 'whatsapp', type: 'image/png' }, 'picture') });
    const seen = await graph('/v23.0/106/media', {
      method: 'POST',
      body: await form.text(),
      headers: { ...headers, 'content-type': form.headers.get('content-type') },
    });
    expect((await graph(`/v23.0/${seen.json().id}`)).json()).toMatchObject({ mime_type: 'image/png', file_size: '7' });
  });

  it('answers as Graph does without a token, with an old one, at its root, and with codes', async () => {
    expect((await call('https://graph.facebook.com/v23.0/1')).json().error).toMatchObject({ code: 104 });
    sim.whatsapp.expireToken('old');
    expect(await graph('/v23.0/1', { headers: { authorization: 'Bearer old' } })).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': expect.stringContaining('OAuth') },
    });
    expect(await call('https://graph.facebook.com/')).toMatchObject({
      status: 400,
      headers: { 'cache-control': 'private, no-cache, no-store, must-revalidate' },
    });
    expect((await graph('/v23.0/1/message_templates')).json().data).toHaveLength(1);
    sim.whatsapp.fault({ kind: 'answer', answer: graphError(2, { status: 500 }) }, { times: 1 });
    const seen = await graph('/v23.0/106/messages', {
      method: 'POST',
      body: { messaging_product: 'whatsapp', to: '1', type: 'text', text: { body: 'x' } },
    });
    expect(seen.status).toBe(500);
    expect(seen.json().error).toMatchObject({ code: 2, is_transient: true });
    expect(sim.whatsapp.messagesSent).toEqual([]);
  });
});

describe('the simulated Gemini API', () => {
  const headers = { 'x-goog-api-key': 'k' };
  const body = { contents: [{ role: 'user', parts: [{ text: 'hello' }] }] };
  const model = (method: string, ask = {}) =>
    call(`https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:${method}`, { method: 'POST', headers, body, ...ask });

  it('generates, counts and embeds, the same for the same', async () => {
    expect((await model('generateContent')).json().candidates[0]).toMatchObject({ content: { role: 'model' }, finishReason: 'STOP' });
    expect((await model('countTokens')).json().totalTokens).toBe(2);
    const embed = () => model('batchEmbedContents', { body: { requests: [{ content: { parts: [{ text: 'a' }] } }] } });
    expect((await embed()).text).toBe((await embed()).text);
  });

  it('streams in both framings', async () => {
    const sse = await model('streamGenerateContent?alt=sse');
    expect(sse.headers['content-type']).toBe('text/event-stream');
    const events = sse.text.split('\r\n\r\n').filter(Boolean);
    expect(events).toHaveLength(4);
    expect(events.map((event) => JSON.parse(event.replace('data: ', '')).candidates[0].finishReason)).toEqual([
      undefined,
      undefined,
      undefined,
      'STOP',
    ]);
    expect((await model('streamGenerateContent')).json()).toHaveLength(4);
    sim.gemini.breakStreamsAfter = 1;
    expect((await model('streamGenerateContent?alt=sse')).text).toMatch(/^data: .*\r\n\r\n\{"error":\{"code":503,.*UNAVAILABLE.*\}$/s);
    sim.gemini.breakStreamsAfter = undefined;
  });

  it('knows its keys, models and quotas', async () => {
    expect((await model('generateContent', { headers: {} })).json().error.status).toBe('PERMISSION_DENIED');
    sim.gemini.invalidKeys.add('bad');
    expect((await model('generateContent?key=bad', { headers: {} })).json().error.details[0].reason).toBe('API_KEY_INVALID');
    expect((await call('https://generativelanguage.googleapis.com/v1beta/models?key=k&pageSize=1')).json()).toMatchObject({
      models: [{ name: 'models/gemini-2.5-pro' }],
      nextPageToken: '1',
    });
    expect((await call('https://generativelanguage.googleapis.com/v1beta/models/none?key=k')).status).toBe(404);
    sim.gemini.fault({ kind: 'answer', answer: quotaError('minute', '3s') }, { times: 1 });
    expect((await model('generateContent')).json().error.details.at(-1)).toEqual({
      '@type': 'type.googleapis.com/google.rpc.RetryInfo',
      retryDelay: '3s',
    });
  });
});

describe('the simulated Supabase beside PostgREST', () => {
  const at = (path: string, ask: { headers?: Record<string, string>; method?: string; body?: unknown } = {}) =>
    call(`https://simulated.supabase.co${path}`, { ...ask, headers: { apikey: 'k', ...ask.headers } });

  it('knows its users, in both shapes of error', async () => {
    const { token, id } = sim.supabase.auth.signUp('ann@example.com');
    const headers = { authorization: `Bearer ${token}` };
    expect((await at('/auth/v1/user', { headers })).json()).toMatchObject({ id, email: 'ann@example.com' });
    expect((await at('/auth/v1/user')).json()).toMatchObject({ code: 401, error_code: 'no_authorization' });
    expect((await at('/auth/v1/user', { headers: { 'x-supabase-api-version': '2024-01-01' } })).json()).toMatchObject({ code: 'no_authorization' });
    expect((await at('/auth/v1/logout', { method: 'POST', headers })).status).toBe(204);
    expect(await at('/auth/v1/user', { headers })).toMatchObject({ status: 403, headers: { 'x-sb-error-code': 'session_not_found' } });
  });

  it('rotates refresh tokens', async () => {
    const first = (await at('/auth/v1/token?grant_type=password', { method: 'POST', body: { email: 'ann@example.com', password: 'secret' } })).json();
    const refresh = () => at('/auth/v1/token?grant_type=refresh_token', { method: 'POST', body: { refresh_token: first.refresh_token } });
    expect((await refresh()).status).toBe(200);
    expect((await refresh()).json()).toMatchObject({ error_code: 'refresh_token_not_found' });
    expect(await call('https://simulated.supabase.co/auth/v1/.well-known/jwks.json')).toMatchObject({
      status: 200,
      headers: { 'cache-control': 'public, max-age=600' },
    });
    expect((await at('/auth/v1/health')).json().name).toBe('GoTrue');
  });

  it('stores objects', async () => {
    const put = (headers = {}) =>
      at('/storage/v1/object/media/a/b.txt', { method: 'POST', body: 'text', headers: { 'content-type': 'text/plain', ...headers } });
    expect((await put()).json()).toMatchObject({ Key: 'media/a/b.txt' });
    expect((await put()).json()).toEqual({ statusCode: '409', error: 'Duplicate', message: 'The resource already exists' });
    expect((await put({ 'x-upsert': 'true' })).status).toBe(200);
    expect(await at('/storage/v1/object/media/a/b.txt', { headers: { range: 'bytes=1-2' } })).toMatchObject({
      status: 206,
      text: 'ex',
      headers: { 'cache-control': 'max-age=3600' },
    });
    const { signedURL } = (await at('/storage/v1/object/sign/media/a/b.txt', { method: 'POST', body: { expiresIn: 60 } })).json();
    expect((await at(`/storage/v1${signedURL}`)).text).toBe('text');
    expect((await at('/storage/v1/object/list/media', { method: 'POST', body: { prefix: 'a' } })).json()).toMatchObject([{ name: 'a/b.txt' }]);
    expect(sim.supabase.storage.uploads).toEqual(['media/a/b.txt', 'media/a/b.txt']);
  });
});

function formOf(fields: Record<string, string>, file: string): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set('file', new Blob([file], { type: 'image/png' }), 'a.png');
  return form;
}
