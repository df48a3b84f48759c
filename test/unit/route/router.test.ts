import { describe, expect, it } from 'vitest';
import type { MatchConfig } from '../../../src/config/schema.ts';
import { HostMap } from '../../../src/route/hosts.ts';
import { router } from '../../../src/route/router.ts';
import { answered, exchangeOf } from '../policy/fixtures.ts';

function route(name: string, match: MatchConfig | undefined) {
  return { name, match, streaming: name === 'stream', service: () => Promise.resolve(answered(200)) };
}

async function routeOf(routes: ReturnType<typeof route>[], exchange: ReturnType<typeof exchangeOf>): Promise<string> {
  await router([...routes, route('default', undefined)])(exchange);
  return exchange.route;
}

describe('the router', () => {
  const messages = '/{phone}/messages';
  const read = route('mark-read', { method: ['POST'], path: [messages], json: { status: 'read' } });
  const send = route('send', { method: ['POST'], path: [messages] });

  it('tells a mark-as-read from a send by the JSON body', async () => {
    const routes = [read, send];
    expect(await routeOf(routes, exchangeOf({ method: 'POST', path: '/1/messages', body: '{"status":"read"}' }))).toBe('mark-read');
    expect(await routeOf(routes, exchangeOf({ method: 'POST', path: '/1/messages', body: '{"type":"text"}' }))).toBe('send');
    expect(await routeOf(routes, exchangeOf({ method: 'POST', path: '/1/messages', body: 'not json' }))).toBe('send');
    expect(await routeOf(routes, exchangeOf({ method: 'GET', path: '/1/messages' }))).toBe('default');
  });

  it('takes the first route that matches and leaves the query out of the path', async () => {
    const routes = [route('first', { path: ['/a'] }), route('second', { path: ['/a'] })];
    expect(await routeOf(routes, exchangeOf({ path: '/a?x=/b' }))).toBe('first');
  });

  it('looks at headers, query and host', async () => {
    const routes = [
      route('header', { header: { 'X-Mode': 'fast' } }),
      route('query', { query: { grant_type: '/^refresh/' } }),
      route('host', { host: ['*.example.com'] }),
    ];
    expect(await routeOf(routes, exchangeOf({ headers: ['x-mode', 'fast'] }))).toBe('header');
    expect(await routeOf(routes, exchangeOf({ path: '/t?grant_type=refresh_token' }))).toBe('query');
    expect(await routeOf(routes, exchangeOf({ authority: 'a.example.com' }))).toBe('host');
    expect(await routeOf(routes, exchangeOf({ authority: 'example.com' }))).toBe('default');
  });

  it('knows a host in whatever case it is written', async () => {
    const routes = [route('exact', { host: ['Lookaside.FBSBX.com'] }), route('pattern', { host: ['*.Example.com'] })];
    expect(await routeOf(routes, exchangeOf({ authority: 'lookaside.fbsbx.com' }))).toBe('exact');
    expect(await routeOf(routes, exchangeOf({ authority: 'a.example.com' }))).toBe('pattern');
  });

  it('matches percent-encoded letters as what they stand for', async () => {
    expect(await routeOf([route('bots', { path: ['/rest/v1/bots'] })], exchangeOf({ path: '/rest/v1/bo%74s' }))).toBe('bots');
  });

  it('marks the exchange of a streaming route', async () => {
    const exchange = exchangeOf({ path: '/s' });
    await routeOf([route('stream', { path: ['/s'] })], exchange);
    expect(exchange.streaming).toBe(true);
  });
});

describe('the host map', () => {
  it('prefers exact names, then the longest pattern', () => {
    const map = new HostMap<string>();
    map.set('*.co', 'short');
    map.set('*.supabase.co', 'long');
    map.set('x.supabase.co', 'exact');
    expect(['x.supabase.co', 'y.supabase.co', 'a.co', 'co', 'z.org'].map((host) => map.get(host))).toEqual([
      'exact',
      'long',
      'short',
      undefined,
      undefined,
    ]);
  });
});
