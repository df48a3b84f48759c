import { describe, expect, it } from 'vitest';
import { type Explanation, explain } from '../../../src/app/explain/explain.ts';
import { explanationText } from '../../../src/app/explain/explain-text.ts';
import { configSchema } from '../../../src/config/schema.ts';

const CONFIG = configSchema.parse({
  version: 1,
  listen: { port: 8080 },
  upstreams: {
    whatsapp: {
      origin: 'https://graph.facebook.com',
      errors: { dialect: 'graph' },
      timeouts: { headers: '7s', total: '10s' },
      retry: { attempts: 3, refused: true },
      breaker: { group: 'graph' },
      routes: [
        { name: 'mark-read', match: { method: 'POST', path: '/{phone}/messages', json: { status: 'read' } }, repeatable: true },
        { name: 'send', match: { method: 'POST', path: '/{phone}/messages' }, repeatable: false, resend: { enabled: true } },
        {
          name: 'media',
          match: { method: 'GET' },
          resume: { enabled: true },
          cache: { ttl: '1m' },
          fallback: { steps: [{ status: 200, body: '[]' }] },
        },
      ],
    },
    gemini: {
      origin: 'https://generativelanguage.googleapis.com',
      listen: { port: 8090 },
      repeatable: true,
      retry: { attempts: 2 },
      guard: { stream: 'sse', terminator: 'candidates[*].finishReason' },
      fallback: { steps: [{ name: 'flash', path: { from: 'gemini-pro', to: 'gemini-flash' } }] },
      faults: [{ abort: 503, percent: 10 }],
    },
    shop: {
      origin: 'https://shop.example',
      breaker: { consecutive: 5 },
      routes: [{ name: 'flaky', match: { path: '/flaky' }, breaker: { consecutive: 1, openFor: '1s' } }],
    },
    rows: {
      origin: 'https://rows.example',
      cache: { ttl: '1m' },
      tables: { path: '/rest/v1/{table}', embeds: 'select' },
      routes: [{ match: { path: '/rest/v1/uncached' }, cache: { enabled: false } }],
    },
    inbox: { origin: 'https://inbox.example', prefetch: { chains: [{ after: '/messages', ask: '/conversations?id={conversation_id}' }] } },
  },
});

async function explained(method: string, url: string, body?: string): Promise<Explanation> {
  const found = await explain(CONFIG, { method, url, headers: [['Authorization', 'Bearer secret-token']], body });
  if (typeof found === 'string' || 'passthrough' in found) throw new Error(JSON.stringify(found));
  return found;
}

function effect(explanation: Explanation, when: string) {
  return explanation.effects.find((one) => one.when === when);
}

describe('explain', () => {
  it.each([
    ['https://shop.example/', 'CONNECT shop.example:443, by the proxy proxy.corp:3128 (egress.proxy)'],
    ['https://pinned.example/', 'CONNECT 10.0.0.9:8443, as resolve says, by the proxy proxy.corp:3128 (egress.proxy)'],
    ['https://own.example/', 'CONNECT own.example:443, by the proxy [::2]:80 (its own)'],
    ['https://past.corp/', 'past.corp:443 (noProxy)'],
    ['https://off.example/', 'off.example:443'],
    ['/local/', '127.0.0.1:8999 (an address of this machine)'],
  ])('says by which way it leaves: %s', async (url, way) => {
    const config = configSchema.parse({
      version: 1,
      egress: { proxy: 'http://me:s3cr3t@proxy.corp:3128', noProxy: ['*.corp'] },
      upstreams: {
        shop: { origin: 'https://shop.example' },
        pinned: { origin: 'https://pinned.example', resolve: '10.0.0.9:8443' },
        own: { origin: 'https://own.example', proxy: 'http://me:s3cr3t@[::2]' },
        past: { origin: 'https://past.corp' },
        off: { origin: 'https://off.example', proxy: 'off' },
        local: { origin: 'http://127.0.0.1:8999' },
      },
    });
    const found = await explain(config, { method: 'GET', url, headers: [], body: undefined });
    expect(found).toMatchObject({ way });
    expect(typeof found === 'string' ? found : explanationText(found)).toContain(`\nway       ${way}\n`);
    expect(JSON.stringify(found)).not.toContain('s3cr3t');
  });

  it('says which breaker a request has: a route with settings of its own has its own', async () => {
    expect((await explained('GET', 'https://shop.example/flaky')).breaker).toEqual({ group: 'flaky', scope: ['authority'] });
    expect((await explained('GET', 'https://shop.example/')).breaker).toEqual({ group: 'default', scope: ['authority'] });
  });

  it('finds the route, and says why it and not another', async () => {
    const send = await explained('POST', 'https://graph.facebook.com/1/messages', '{"to":"48"}');
    expect(send).toMatchObject({ upstream: 'whatsapp', because: 'host graph.facebook.com', route: 'send', repeatable: false });
    expect(send.tried).toEqual([
      { route: 'mark-read', matched: false, because: 'not json status: read' },
      { route: 'send', matched: true, because: 'method POST, path /{phone}/messages' },
    ]);
    expect(await explained('POST', '/whatsapp/1/messages', '{"status":"read"}')).toMatchObject({ route: 'mark-read', because: 'prefix /whatsapp' });
    expect(await explained('POST', 'http://127.0.0.1:8080/gemini/v1/x')).toMatchObject({ upstream: 'gemini', route: 'default' });
    expect(await explained('GET', 'http://localhost:8090/v1/x#part')).toMatchObject({
      upstream: 'gemini',
      because: 'port 8090 is its own',
      request: 'GET https://generativelanguage.googleapis.com/v1/x',
    });
  });

  it.each([
    ['https://evil.example/', '403: evil.example is not configured'],
    ['http://evil.example:8080/', 'Known hosts: graph.facebook.com, generativelanguage.googleapis.com'],
    ['/nowhere/x', '404: no upstream is called nowhere'],
    ['nonsense', '400: the request target is neither a path nor an absolute URL'],
  ])('says why %s goes nowhere', async (url, reason) => {
    expect(await explain(CONFIG, { method: 'GET', url, headers: [], body: undefined })).toContain(reason);
  });

  it('tells hosts that are tunnelled untouched from those that are refused, as CONNECT does', async () => {
    const config = { ...CONFIG, passthrough: ['raw.example', '*.facebook.com'] };
    const ask = (url: string) => explain(config, { method: 'GET', url, headers: [], body: undefined });
    for (const url of ['https://raw.example/', 'https://RAW.example:8443/x', 'https://m.facebook.com/'])
      expect(await ask(url)).toHaveProperty('passthrough');
    expect(await ask('https://graph.facebook.com/1')).toMatchObject({ upstream: 'whatsapp' });
    expect(await ask('http://raw.example/')).toContain('403: raw.example is in passthrough');
    expect(await ask('https://other.example/')).toContain('403: other.example is not configured');
  });

  it('lists the layers that there are, outermost first', async () => {
    const names = async (method: string, url: string) => (await explained(method, url)).layers.map(({ name }) => name);
    expect(await names('POST', '/whatsapp/1/messages')).toEqual([
      'patience',
      'deadline',
      'answer',
      'resend',
      'retry',
      'breaker',
      'verdict',
      'attempt',
    ]);
    expect(await names('GET', '/whatsapp/1')).toEqual([
      'patience',
      'deadline',
      'answer',
      'fallback',
      'cache',
      'resume',
      'retry',
      'breaker',
      'verdict',
      'attempt',
    ]);
    expect(await names('POST', '/gemini/x')).toEqual(['patience', 'answer', 'fallback', 'retry', 'verdict', 'guard', 'faults', 'attempt']);
  });

  it('says what would happen to a send: sent again only where nothing was done', async () => {
    const send = await explained('POST', '/whatsapp/1/messages', '{"to":"48"}');
    expect(effect(send, 'it refused the connection')).toMatchObject({
      replay: 'unsent',
      attempts: 3,
      stopped: 'attempts',
      status: 502,
      code: 'whatsapp_unreachable',
    });
    expect(effect(send, 'no answer came in time')).toMatchObject({
      replay: 'ambiguous',
      attempts: 1,
      stopped: 'not_repeatable',
      status: 504,
      code: 'whatsapp_timeout',
      outcomeUnknown: true,
    });
    expect(effect(send, 'status 429')).toMatchObject({ replay: 'refused', attempts: 3, status: 429, code: undefined });
    expect(effect(send, 'status 404')).toMatchObject({ replay: undefined, attempts: 1, status: 404 });
    expect(effect(send, 'the breaker is open')).toMatchObject({ attempts: 0, status: 503, code: 'whatsapp_unavailable' });
    expect(effect(send, 'the answer broke off (no ETag)')).toMatchObject({ status: 502, broken: false, outcomeUnknown: true });
  });

  it('says what resuming, falling back and guarding would do', async () => {
    const media = await explained('GET', '/whatsapp/1');
    expect(effect(media, 'the answer broke off (no ETag)')).toMatchObject({ broken: true });
    expect(effect(media, 'the answer broke off (ETag and ranges)')).toMatchObject({ broken: false, acts: ['resume: resumed'], attempts: 2 });
    expect(effect(media, 'status 500')).toMatchObject({ attempts: 3, status: 200, fallback: 'static' });
    const gemini = await explained('POST', '/gemini/v1/models/gemini-pro:streamGenerateContent');
    expect(effect(gemini, 'status 503')).toMatchObject({ attempts: 2, status: 200, fallback: 'flash' });
    expect(effect(gemini, 'the stream broke off before its first event')).toMatchObject({ replay: 'ambiguous', attempts: 2, fallback: 'flash' });
    expect(effect(gemini, 'the stream ended without its last event')).toMatchObject({ broken: true });
  });

  it('says what is asked for ahead', async () => {
    const { layers } = await explained('GET', 'https://inbox.example/messages');
    expect(layers.find(({ name }) => name === 'prefetch')?.words).toBe('learns what follows, follows after /messages, an answer waits 3s');
  });

  it('names what makes up the cache key, and never a secret', async () => {
    const media = await explained('GET', '/whatsapp/1?access_token=secret-token&fields=url');
    expect(media.cacheKey).toContain('authorization (hashed)');
    expect(media.request).toBe('GET https://graph.facebook.com/1?access_token=...&fields=...');
    expect((await explained('POST', '/whatsapp/1/messages')).cacheKey).toBeUndefined();
    expect(JSON.stringify(media) + explanationText(media)).not.toContain('secret-token');
  });

  it('is a page that an operator can read', async () => {
    const page = explanationText(await explained('POST', '/gemini/v1/models/gemini-pro:generateContent', '{}'));
    expect(page).toContain('faults    status 503 on 10 % of the attempts');
    expect(page).toMatch(/no answer came in time +ambiguous +2 \(all attempts used\) +200 from the fallback flash/);
    expect(page.split('\n').every((line) => line === line.trimEnd())).toBe(true);
  });

  it.each([
    ['bots', 'a write to bots'],
    [
      'bots?select=*,accounts!account_id(*)',
      'a write to bots, accounts or account_id; to any table as long as accounts has not been asked for by itself',
    ],
    [
      'users?select=*,teams(*),bots!fk(*)',
      'a write to any table: teams is embedded without a !hint, and tables.junctions does not say what joins it',
    ],
    ['rpc/search', 'a write to any table'],
  ])('says which writes drop what is stored for /rest/v1/%s: %s', async (path, words) => {
    const explanation = await explained('GET', `https://rows.example/rest/v1/${path}`);
    expect(explanation.droppedBy).toBe(words);
    expect(explanationText(explanation)).toContain(`\ndropped   by ${words}\n`);
  });

  it('says nothing of writes where nothing is stored, or paths name no tables', async () => {
    for (const url of ['https://rows.example/rest/v1/uncached', 'https://rows.example/elsewhere', 'https://graph.facebook.com/1'])
      expect((await explained('GET', url)).droppedBy).toBeUndefined();
  });
});
