import { describe, expect, it } from 'vitest';
import type { UpstreamConfig } from '../../../src/config/schema.ts';
import { ConfigDirectory, configOf, inUpstream, problemsOf } from './fixtures.ts';

const PRESET = `
x-short: &short { total: 2s }
origin: https://api.example
timeouts: { connect: 1s, total: 10s }
retry: { attempts: 3, backoff: { base: 100ms, max: 2s } }
classify: [{ status: 500, as: ambiguous }]
pushback: [{ header: x-wait }]
hosts: [a.example, b.example]
routes:
  - { name: first, match: { method: GET, path: /first }, timeouts: *short, classify: [{ status: 501, as: refused }] }
  - { name: second, match: { path: /second } }
`;

/** The upstream `api` of a file that lays `lines` over the preset. */
function over(...lines: string[]): UpstreamConfig {
  using directory = new ConfigDirectory();
  directory.write('my.yaml', PRESET);
  const result = directory.load(`version: 1\nupstreams:\n  api:\n    preset: ./my.yaml\n${lines.map((line) => `    ${line}\n`).join('')}`);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  const api = result.config.upstreams['api'];
  if (api === undefined) throw new Error('no upstream');
  return api;
}

describe('settings over a preset', () => {
  it('replace it key by key, at any depth', () => {
    expect(over('timeouts: { total: 5s }', 'retry: { backoff: { base: 1s } }')).toMatchObject({
      timeouts: { connect: 1000, total: 5000 },
      retry: { attempts: 3, backoff: { base: 1000, max: 2000 } },
    });
  });

  it('remove a key by null', () => {
    const api = over('timeouts: { total: null }', 'retry: ~', 'routes:');
    expect(api.timeouts).toEqual({ connect: 1000 });
    expect(api.retry).toBeUndefined();
    expect(api.routes).toBeUndefined();
  });

  it('do not remove by null on a route what the upstream has: that is told, with what turns it off', () => {
    const own = ['breaker: {}', 'timeouts: { total: 5s }', 'routes:'];
    expect(inUpstream(...own, '  - { match: { path: /x }, breaker: null, timeouts: { total: null, idle: null }, hedge: ~ }')).toEqual([
      'proxy.yaml:8:32 upstreams.api.routes.0.breaker: nothing is removed here: breaker of the upstream goes on (write breaker: { enabled: false })',
      'proxy.yaml:8:59 upstreams.api.routes.0.timeouts.total: nothing is removed here: timeouts.total of the upstream goes on (leave it out, or write what holds here)',
    ]);
    using directory = new ConfigDirectory();
    directory.write('my.yaml', PRESET);
    const file = (route: string): string => `version: 1\nupstreams:\n  api:\n    preset: ./my.yaml\n    routes:\n      - ${route}\n`;
    expect(directory.problems(file('{ name: second, retry: }'))).toEqual([expect.stringContaining('write retry: { attempts: 1 }')]);
    expect(directory.problems(file('{ name: first, timeouts: null }'))).toEqual([]);
  });

  it('replace a list, but put classify and pushback in front', () => {
    const api = over('hosts: [c.example]', 'classify: [{ status: 502, as: unsent }]', 'pushback: [{ header: x-mine }]');
    expect(api.hosts).toEqual(['c.example']);
    expect(api.classify?.map((rule) => rule.status)).toEqual([[502], [500]]);
    expect(api.pushback?.map((rule) => rule.header)).toEqual(['x-mine', 'x-wait']);
  });

  it('change a route by its name, and put other routes first', () => {
    const api = over(
      'routes:',
      '  - { match: { path: /mine } }',
      '  - { name: first, repeatable: true, match: { path: /1 }, classify: [{ status: 502, as: unsent }] }',
      '  - { name: new, match: { path: /new } }',
    );
    expect(api.routes?.map((route) => route.name ?? route.match.path)).toEqual([['/mine'], 'new', 'first', 'second']);
    expect(api.routes?.[2]).toMatchObject({ match: { method: ['GET'], path: ['/1'] }, repeatable: true, timeouts: { total: 2000 } });
    expect(api.routes?.[2]?.classify?.map((rule) => rule.status)).toEqual([[502], [501]]);
  });

  it('are told by their number in the file where they are wrong', () => {
    using directory = new ConfigDirectory();
    directory.write('my.yaml', PRESET);
    const text =
      'version: 1\nupstreams:\n  api:\n    preset: ./my.yaml\n    routes:\n      - { name: second, streaming: 5 }\n      - { match: { path: a } }\n';
    expect(directory.problems(text)).toEqual([
      'proxy.yaml:6:36 upstreams.api.routes.0.streaming: expected true or false, got 5',
      'proxy.yaml:7:26 upstreams.api.routes.1.match.path: expected text that begins with /, got "a"',
    ]);
  });

  it('are told the nearest route of the preset where a name is misspelt', () => {
    expect(problemsOf('version: 1\nupstreams:\n  api: { preset: gemini, routes: [{ name: generat }] }\n')).toEqual([
      'proxy.yaml:3:35 upstreams.api.routes.0.match: match is missing, expected a map with keys such as method, host, path (did you mean the route generate of the preset?)',
    ]);
  });

  it('are blamed where they contradict the preset, in the file of the user', () => {
    using directory = new ConfigDirectory();
    directory.write('my.yaml', PRESET);
    expect(directory.problems('version: 1\nupstreams:\n  api:\n    preset: ./my.yaml\n    timeouts: { total: 500ms }\n')).toEqual([
      'proxy.yaml:5:24 upstreams.api.timeouts.total: connect (1s) can never pass: total (500ms) ends everything before it (lower connect or raise total)',
    ]);
  });
});

describe('a preset', () => {
  const use = 'version: 1\nupstreams:\n  api: { preset: ./presets/my.yaml }\n';

  it('is blamed by its own file and line', () => {
    using directory = new ConfigDirectory();
    directory.write('presets/my.yaml', 'origin: https://a.example\ntimeouts:\n  total: soon\n  ttl: 5s\nhosts: ["${NONE}"]\n');
    expect(directory.problems(use)).toEqual([
      'presets/my.yaml:3:10 upstreams.api.timeouts.total: expected a duration such as 250ms, 5s or 2m, got "soon"',
      'presets/my.yaml:4:3 upstreams.api.timeouts.ttl: unknown key (ttl can stand in upstreams.api.cache)',
      'presets/my.yaml:5:10 upstreams.api.hosts.0: the variable NONE is not set (set it, or write ${NONE:-default})',
    ]);
  });

  it('may build on another one, but not on itself', () => {
    using directory = new ConfigDirectory();
    directory.write('presets/my.yaml', 'preset: gemini\ntimeouts: { total: 20s }\n');
    const result = directory.load(use);
    expect(result).toMatchObject({ ok: true, config: { upstreams: { api: { timeouts: { total: 20_000, headers: 12_000 } } } } });
    directory.write('presets/my.yaml', 'preset: ./my.yaml\norigin: https://a.example\n');
    expect(directory.problems(use)).toEqual(['presets/my.yaml:1:9 upstreams.api.preset: the preset leads back to itself']);
  });

  it('has to be known, or to be there', () => {
    expect(problemsOf('version: 1\nupstreams:\n  api: { preset: supabse }\n')).toEqual([
      'proxy.yaml:3:18 upstreams.api.preset: unknown preset "supabse" (did you mean supabase? known: gemini, supabase, whatsapp-cloud; or a path such as ./my.yaml)',
    ]);
    expect(problemsOf(use)).toEqual(['proxy.yaml:3:18 upstreams.api.preset: there is no preset file "./presets/my.yaml"']);
  });

  it('names its own variable where it is missing, once, at the line that asks for the preset', () => {
    expect(problemsOf('version: 1\nupstreams:\n  db: { preset: supabase }\n')).toEqual([
      'proxy.yaml:3:17 upstreams.db.origin: the variable SUPABASE_URL is not set, from which the preset supabase takes it (write origin: beside preset:, or set the variable)',
    ]);
    expect(problemsOf('version: 1\nupstreams:\n  db: { preset: supabase, origin: https://x.supabase.co }\n')).toEqual([]);
  });
});

describe('anchors', () => {
  it('and merge keys are taken, also from x- keys', () => {
    const config = configOf(
      'version: 1\nx-t: &t { connect: 1s, total: 9s }\nupstreams:\n  a: { origin: https://a.example, timeouts: { <<: *t, total: 5s } }\n  b: { origin: https://b.example, timeouts: *t }\n',
    );
    expect(config.upstreams['a']?.timeouts).toEqual({ connect: 1000, total: 5000 });
    expect(config.upstreams['b']?.timeouts).toEqual({ connect: 1000, total: 9000 });
  });

  it('are blamed where the value stands, once', () => {
    expect(
      problemsOf(
        'version: 1\nx-t: &t { connect: soon }\nupstreams:\n  a: { origin: https://a.example, timeouts: *t }\n  b: { origin: https://b.example, timeouts: *t }\n',
      ),
    ).toEqual(['proxy.yaml:2:20 upstreams.a.timeouts.connect: expected a duration such as 250ms, 5s or 2m, got "soon"']);
  });
});
