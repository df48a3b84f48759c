import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { formatProblem } from '../../../src/config/problem.ts';
import { ConfigDirectory, inUpstream, problemsOf } from './fixtures.ts';

describe('a file that is not YAML', () => {
  it.each([
    ['version: 1\nlisten: [1\n', 'proxy.yaml:3:1 not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]'],
    ['\tversion: 1', 'proxy.yaml:1:1 not valid YAML: Tabs are not allowed as indentation'],
    ['version: 1\n---\nversion: 1', 'proxy.yaml:2:1 not valid YAML: Source contains multiple documents'],
    ['version: 1\ndrain: !foo 5s', 'proxy.yaml:2:8 not valid YAML: Unresolved tag: !foo'],
    [
      'version: 1\nlisten: { port: ${PORT} }',
      'proxy.yaml:2:18 not valid YAML: Unexpected flow-map-start at node end (inside { } and [ ] write variables in quotes: "${NAME}")',
    ],
    ['version: 1\ndrain: 5s\ndrain: 6s', 'proxy.yaml:3:1 the key drain stands here a second time (each key may stand once in a map)'],
    ['version: 1\nlisten: *nowhere', 'proxy.yaml:2:9 there is no anchor &nowhere above'],
    ['version: 1\npassthrough: &a [*a]', 'proxy.yaml:2:17 too deep or too large; does an alias contain itself?'],
    ['- version: 1', 'proxy.yaml:1:1 expected a map of settings (key: value), got a list'],
    ['just text', 'proxy.yaml:1:1 expected a map of settings (key: value), got a plain value'],
    ['', 'proxy.yaml:1:1 version: version is missing, expected 1 (write version: 1 at the top)'],
  ])('%j', (text, expected) => expect(problemsOf(text)).toEqual([expected]));

  it('cannot grow without bound by its aliases', () => {
    const levels = Array.from({ length: 20 }, (_, level) => `x-${level}: &a${level} [${`*a${level - 1},`.repeat(level === 0 ? 0 : 9)}]`);
    expect(problemsOf(`version: 1\n${levels.join('\n')}\n`)[0]).toContain('too deep or too large');
  });

  it('is told at line 1 where it cannot be read', () => {
    using directory = new ConfigDirectory();
    const told = (file: string): string[] => {
      const result = loadConfig(file, {});
      return result.ok ? [] : result.problems.map(formatProblem);
    };
    expect(told(`${directory.path}/none.yaml`)).toEqual([`${directory.path}/none.yaml:1:1 cannot be read: there is no such file`]);
    expect(told(directory.path)).toEqual([`${directory.path}:1:1 cannot be read: it is a directory`]);
  });
});

describe('an unknown key', () => {
  it.each([
    ['colour: red', 'proxy.yaml:2:1 colour: unknown key (known here: version, listen, admin, '],
    ['drian: 5s', 'proxy.yaml:2:1 drian: unknown key (did you mean drain?)'],
    ['listen: { prot: 80 }', 'proxy.yaml:2:11 listen.prot: unknown key (did you mean port?)'],
    ['log: { accessLog: true }', 'proxy.yaml:2:8 log.accessLog: unknown key (did you mean access?)'],
    ['origin: https://a.example', 'proxy.yaml:2:1 origin: unknown key (origin can stand in upstreams.*'],
  ])('%s', (line, expected) => expect(problemsOf(`version: 1\n${line}\n`)[0]).toContain(expected));

  it.each([
    ['timeouts: { conect: 5s }', 'proxy.yaml:5:17 upstreams.api.timeouts.conect: unknown key (did you mean connect?)'],
    ['connect: 5s', 'proxy.yaml:5:5 upstreams.api.connect: unknown key (connect can stand in upstreams.api.timeouts)'],
    ['keep-alive: 5s', 'proxy.yaml:5:5 upstreams.api.keep-alive: unknown key (known here: preset, origin, '],
    ['pool: { keep-alive: 5s }', 'proxy.yaml:5:13 upstreams.api.pool.keep-alive: unknown key (did you mean keepAlive?)'],
    ['retry: { backoff: { bas: 5s } }', 'proxy.yaml:5:25 upstreams.api.retry.backoff.bas: unknown key (did you mean base?)'],
    ['routes: [{ match: { paths: /a } }]', 'proxy.yaml:5:25 upstreams.api.routes.0.match.paths: unknown key (did you mean path?)'],
  ])('%s', (line, expected) => expect(inUpstream(line)[0]).toContain(expected));
});

describe('a wrong value', () => {
  it.each([
    ['timeouts: { connect: 5 sec }', '5:26 upstreams.api.timeouts.connect: expected a duration such as 250ms, 5s or 2m, got "5 sec"'],
    [
      'timeouts: { connect: 5 }',
      '5:26 upstreams.api.timeouts.connect: expected a duration such as 250ms, 5s or 2m, got 5 (with its unit: 5s, or 5ms)',
    ],
    ['bufferLimit: 10', '5:18 upstreams.api.bufferLimit: expected a size such as 512KiB or 1MiB, got 10 (with its unit: 10B, or 10MiB)'],
    ['timeouts: 5s', '5:15 upstreams.api.timeouts: expected a map with keys such as queue, dns, connect, got "5s" (write { total: 5s })'],
    ['bufferLimit: 1 MB', '5:18 upstreams.api.bufferLimit: expected a size such as 512KiB or 1MiB, got "1 MB" (write 1MiB)'],
    ['retry: { attempts: 0 }', '5:24 upstreams.api.retry.attempts: expected a whole number from 1 to 10, got 0'],
    ['retry: { attempts: 2.5 }', '5:24 upstreams.api.retry.attempts: expected a whole number from 1 to 10, got 2.5'],
    ['retry: { attempts: three }', '5:24 upstreams.api.retry.attempts: expected a whole number from 1 to 10, got "three"'],
    ['breaker: { ratio: 50 }', '5:23 upstreams.api.breaker.ratio: expected a number above 0 and up to 1, got 50'],
    ['streaming: "yes"', '5:16 upstreams.api.streaming: expected true or false, got "yes" (write true)'],
    ['hosts: a.example', '5:12 upstreams.api.hosts: expected a list, each item text, got "a.example" (write it in [ ])'],
    ['tls: { alpn: [h2, http/1.1] }', '5:19 upstreams.api.tls.alpn.0: expected http/1.1, the one protocol that is spoken to upstreams, got "h2"'],
    ['resolve: 5', '5:14 upstreams.api.resolve: expected text or a map of names to values, got 5'],
    ['resolve: { a.example: [1] }', '5:27 upstreams.api.resolve.a.example: expected text, got a list'],
    ['listen: {}', '5:13 upstreams.api.listen.port: port is missing, expected a whole number from 0 to 65535'],
    [
      'errors: { dialect: grpc }',
      '5:24 upstreams.api.errors.dialect: expected one of problem, google, graph, postgrest, gotrue, storage, got "grpc"',
    ],
    [
      'classify: [{ status: abc, as: refused }]',
      '5:26 upstreams.api.classify.0.status: expected a whole number from 100 to 599 or a list of them, got "abc"',
    ],
    ['classify: [{ status: [500, 42], as: refused }]', '5:32 upstreams.api.classify.0.status.1: expected a whole number from 100 to 599, got 42'],
    [
      'classify: [{ in: {}, as: refused }]',
      '5:22 upstreams.api.classify.0.in: expected text or a number or true or false or a list of them, got a map',
    ],
    ['classify: [{ status: 500 }]', '5:16 upstreams.api.classify.0.as: as is missing, expected one of unsent, refused, ambiguous, answered'],
    [
      'routes: [{ name: a }]',
      '5:14 upstreams.api.routes.0.match: match is missing, expected a map with keys such as method, host, path (a route needs a match, or the name of a route of the preset)',
    ],
    ['routes: [{ match: { method: get } }]', '5:33 upstreams.api.routes.0.match.method: expected a method in capitals such as GET, got "get"'],
    ['routes: [{ match: { path: [/a, b] } }]', '5:36 upstreams.api.routes.0.match.path.1: expected text that begins with /, got "b"'],
    ['hedge: { after: p42 }', '5:21 upstreams.api.hedge.after: expected a duration such as 200ms, or p50, p75, p90, p95 or p99, got "p42"'],
  ])('%s', (line, expected) => expect(inUpstream(line)).toEqual([`proxy.yaml:${expected}`]));

  it.each([
    ['version: 2', 'proxy.yaml:1:10 version: expected 1, got 2'],
    [
      'version: 1\nupstreams:\n  My API: { origin: https://a.example }',
      'proxy.yaml:3:3 upstreams.My API: expected a name of small letters, digits, - and _ (write my-api)',
    ],
    ['version: 1\nupstreams:\n  api:', 'proxy.yaml:3:3 upstreams.api: expected settings, got nothing (write { preset: NAME } or { origin: URL })'],
    [
      'version: 1\nupstreams:\n  api: {}',
      'proxy.yaml:3:3 upstreams.api: needs an origin (write origin: https://HOST, or hosts: [...] for the forward proxy alone)',
    ],
    [
      'version: 1\nupstreams:\n  api: { origin: https://a.example/v1 }',
      'proxy.yaml:3:18 upstreams.api.origin: expected an origin such as https://api.example.com, without a path, got "https://a.example/v1" (leave the path out: clients go on writing it in theirs)',
    ],
    [
      'version: 1\nupstreams:\n  api: { origin: "https://me:pw@a.example" }',
      'proxy.yaml:3:18 upstreams.api.origin: expected an origin such as https://api.example.com, without a path, got "https://***@a.example"',
    ],
  ])('%j', (text, expected) => expect(problemsOf(text)).toEqual([expected]));

  it('is told together with all the others, in the order of the lines', () => {
    const text =
      'version: 1\ndrain: soon\nlisten: { port: 9090 }\nupstreams:\n  api:\n    origin: https://api.example\n    retry: { attempts: 0 }\n    resolve: nowhere\n    colour: red\n';
    expect(problemsOf(text).map((line) => line.split(': ')[0])).toEqual([
      'proxy.yaml:2:8 drain',
      'proxy.yaml:3:17 listen.port',
      'proxy.yaml:7:24 upstreams.api.retry.attempts',
      'proxy.yaml:8:14 upstreams.api.resolve',
      'proxy.yaml:9:5 upstreams.api.colour',
    ]);
  });
});
