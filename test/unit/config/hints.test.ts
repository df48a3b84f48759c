import { describe, expect, it } from 'vitest';
import { ConfigDirectory, inUpstream, problemsOf } from './fixtures.ts';

const UPSTREAM = 'upstreams:\n  api: { origin: https://api.example }\n';

/** The hint of the one problem that a text has. */
function hintOf(problems: readonly string[]): string | undefined {
  expect(problems).toHaveLength(1);
  return /\((.*)\)$/.exec(problems[0] ?? '')?.[1];
}

describe('what is wrong with a setting of an upstream', () => {
  it.each([
    ['retry: 3', 'write { attempts: 3 }'],
    ['breaker: true', 'write {} for its defaults'],
    ['breaker: false', 'write { enabled: false }'],
    ['cache: 5m', 'write { ttl: 5m }'],
    ['bulkhead: 10', 'write { concurrent: 10 }'],
    ['probe: /health', 'write { path: /health }'],
    ['timeouts: 5s', 'write { total: 5s }'],
    ['hedge: true', 'write {} for its defaults'],
    ['routes: [/users]', 'write { match: { path: /users } }'],
    ['fallback: { steps: [stale] }', 'write { stale: true }'],
    ['routes: [{ match: { path: /x }, invalidate: [users] }]', 'write { tags: [...] }'],
    ['hosts: b.example', 'write it in [ ]'],
    ['breaker: { scope: model }', 'write it in [ ]'],
    ['breaker: { ratio: 50% }', 'write 0.5'],
    ['streaming: yes', 'write true'],
    ['bufferLimit: 64K', 'write 64KiB'],
    ['bufferLimit: 1 MB', 'write 1MiB'],
    ['retries: 3', 'write retry: { attempts: N }, the first one counted'],
    ['retry: { maxRetries: 3 }', 'did you mean attempts? The first one is counted'],
    ['retry: { methods: [POST] }', 'repeatable: true on a route says that its requests may be sent twice'],
    ['retry: { on: [500] }', 'what an answer means is for classify to say: [{ status: 503, as: refused }]'],
    ['breaker: { failures: 5 }', 'did you mean consecutive?'],
    ['breaker: { reset_timeout: 5s }', 'did you mean openFor?'],
    ['pool: { size: 10 }', 'did you mean connections?'],
  ])('%s', (line, hint) => expect(hintOf(inUpstream(line))).toBe(hint));

  it('is a rate without its time', () => {
    expect(inUpstream('pace: [{ rate: 10 }]')[0]).toContain('pace.0.rate: expected a rate such as 80/s, 600/m or 1/6s, got 10');
  });

  it.each([
    ['api.example', 'begin it with https://'],
    ['https://api.example/v1', 'leave the path out: clients go on writing it in theirs'],
    ['HTTPS://api.example', 'write it in small letters'],
  ])('is an origin such as %s', (origin, hint) => expect(hintOf(problemsOf(`version: 1\nupstreams:\n  api: { origin: "${origin}" }\n`))).toBe(hint));

  it('is a port that is none, which ended the check', () => {
    const text = 'version: 1\nupstreams:\n  api: { origin: "https://api.example:port" }\n';
    expect(problemsOf(text)).toEqual([expect.stringContaining('api.origin: expected an origin such as https://api.example.com, without a path')]);
  });
});

describe('what is wrong with the file', () => {
  it.each([
    ['listen: 8081\n', 'write { port: 8081 }'],
    ['listen: 0.0.0.0:8080\n', 'write { host: 0.0.0.0, port: 8080 }'],
    ['passthrough: "*.sentry.io"\n', 'write it in [ ]'],
    ['cache: { ttl: 5m }\n', 'ttl can stand in upstreams.*.cache'],
    ['api: { origin: https://b.example }\n', 'an upstream stands below upstreams:, indented'],
  ])('%j', (line, hint) => expect(hintOf(problemsOf(`version: 1\n${line}${UPSTREAM}`))).toBe(hint));

  it.each([
    ['upstreams:\n  - { name: api, origin: https://api.example }\n', 'write NAME: { origin: URL } for each, without the dash'],
    ['upstreams:\n  My API: { origin: https://api.example }\n', 'write my-api'],
    ['upstreams:\n  supabase: { preset: supabase }\n', 'write origin: beside preset:, or set the variable'],
  ])('%j', (text, hint) => expect(hintOf(problemsOf(`version: 1\n${text}`))).toBe(hint));

  it.each([
    ['upstreams:', ['there are no upstreams: every request is refused']],
    [
      'upstreams: { api: { origin: https://api.example, routes: [{ match: { path: "/users/:id" } }] } }',
      ['proxy.yaml:2:76 upstreams.api.routes.0.match.path: :id stands for itself; a placeholder is {id}'],
    ],
  ])('is noted where it is right and likely not meant: %s', (line, notes) => {
    using directory = new ConfigDirectory();
    const result = directory.load(`version: 1\n${line}\n`);
    expect(result.ok && result.notes.map((note) => note.replaceAll(`${directory.path}/`, ''))).toEqual(notes);
  });

  it('shows nothing of what a variable held', () => {
    const text = `version: 1\nlisten: "\${PORT}"\n${UPSTREAM}`;
    expect(problemsOf(text, { PORT: 'secret:1' }).join('\n')).not.toContain('secret');
  });
});
