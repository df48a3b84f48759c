import { describe, expect, it } from 'vitest';
import { routesOf } from '../../../src/config/effective.ts';
import { upstream } from '../../../src/config/schema/upstream.ts';
import { configOf, inUpstream } from './fixtures.ts';

/** Route and breaker of each route of an upstream, as a file has it. */
function breakersOf(written: object): Record<string, string | undefined> {
  return Object.fromEntries(
    routesOf('api', upstream.parse({ origin: 'https://a.example', ...written })).map(({ name, breaker }) => [name, breaker?.group]),
  );
}

function ofPreset(preset: string, more: object = {}): [name: string, breaker: string | undefined][] {
  const config = configOf(`version: 1\nupstreams: ${JSON.stringify({ api: { preset, origin: 'https://a.example', ...more } })}\n`);
  const api = config.upstreams['api'];
  if (api === undefined) throw new Error('no upstream');
  return routesOf('api', api).map(({ name, breaker }) => [name, breaker?.group]);
}

const match = { path: '/a' };

describe('the breakers of routes', () => {
  it('are not shared under a group that is named for settings of its own', () => {
    const routes = '{ match: { path: /a }, breaker: { group: x, consecutive: 2 } }, { match: { path: /b }, breaker: { group: x } }';
    expect(inUpstream(`routes: [${routes}]`)).toEqual([
      'proxy.yaml:5:55 upstreams.api.routes.0.breaker.group: the breaker of this route has other settings than the rest of the group x (write the same on each of its routes, or leave group out: the route then has a breaker of its own)',
    ]);
  });

  it('are the one of their upstream, where they say nothing else of it', () => {
    expect(
      breakersOf({
        breaker: { openFor: '9s' },
        routes: [
          { name: 'a', match },
          { name: 'b', match, breaker: { mode: 'observe' } },
        ],
      }),
    ).toEqual({
      a: 'default',
      b: 'default',
      default: 'default',
    });
    expect(
      breakersOf({
        breaker: {},
        routes: [
          { name: 'a', match, breaker: { consecutive: 5, slowCall: { after: '1s' } } },
          { name: 'b', match, breaker: { consecutive: 5 } },
        ],
      }),
    ).toEqual({
      a: 'a',
      b: 'default',
      default: 'default',
    });
  });

  it('are their own where they have settings of their own: neither decides for the other', () => {
    const routes = [
      { name: 'flaky', match, breaker: { consecutive: 1, openFor: '1s' } },
      { name: 'flakier', match, breaker: { consecutive: 1, openFor: '1s' } },
      { name: 'plain', match },
    ];
    expect(breakersOf({ breaker: { consecutive: 5, openFor: '60s' }, routes })).toEqual({
      flaky: 'flaky',
      flakier: 'flakier',
      plain: 'default',
      default: 'default',
    });
  });

  it('are shared by a group that agrees on other settings than the upstream has', () => {
    const slow = { group: 'slow', consecutive: 9 };
    expect(
      breakersOf({
        breaker: {},
        routes: [
          { name: 'a', match, breaker: slow },
          { name: 'b', match, breaker: slow },
        ],
      }),
    ).toMatchObject({ a: 'slow', b: 'slow' });
  });

  it('are named so that no two are taken for one', () => {
    const routes = [
      { name: 'auth', match, breaker: { group: 'auth', consecutive: 1 } },
      { name: 'login', match, breaker: { group: 'auth' } },
      { name: 'off', match, breaker: { enabled: false } },
    ];
    expect(breakersOf({ routes })).toMatchObject({ auth: 'auth-2', login: 'auth' });
  });

  it('are those of their groups in the presets, and a changed route leaves its group', () => {
    const [gemini, whatsapp, supabase] = [ofPreset('gemini'), ofPreset('whatsapp-cloud'), ofPreset('supabase')];
    expect([gemini, whatsapp, supabase].map((routes) => [...new Set(routes.map(([, breaker]) => breaker))])).toEqual([
      ['model', 'gemini'],
      ['graph', 'lookaside'],
      ['rest', 'auth', 'storage', 'functions', 'realtime', 'default'],
    ]);
    const changed = new Map(ofPreset('supabase', { routes: [{ name: 'table-read', breaker: { consecutive: 2 } }] }));
    expect([changed.get('rpc-read'), changed.get('table-read'), changed.get('table-write')]).toEqual(['rest', 'table-read', 'rest']);
  });
});
