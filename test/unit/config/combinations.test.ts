import { describe, expect, it } from 'vitest';
import { inUpstream, problemsOf } from './fixtures.ts';

describe('settings that are impossible together', () => {
  it.each([
    [
      'timeouts: { connect: 5s, total: 3s }',
      '5:26 upstreams.api.timeouts.connect: connect (5s) can never pass: total (3s) ends everything before it (lower connect or raise total)',
    ],
    [
      'timeouts: { attempt: 3s, total: 3s }',
      '5:26 upstreams.api.timeouts.attempt: attempt (3s) can never pass: total (3s) ends everything before it (an attempt has to be shorter than total, or left out)',
    ],
    ['retry: { backoff: { base: 3s, max: 1s } }', '5:31 upstreams.api.retry.backoff.base: base (3s) is above max (1s)'],
    ['faults: [{ delay: { min: 2s, max: 100ms } }]', '5:30 upstreams.api.faults.0.delay.min: min (2s) is above max (100ms)'],
    ["pace: [{ rate: 1/s, hold: { codes: ['429'], base: 1m, max: 5s } }]", '5:55 upstreams.api.pace.0.hold.base: base (1m) is above max (5s)'],
    [
      'timeouts: { headers: 3s }\n    hedge: { after: 5s }',
      '6:21 upstreams.api.hedge.after: after (5s) can never pass: the first attempt is given up at 3s',
    ],
    ['breaker: { openFor: 60s, openMax: 30s }', '5:25 upstreams.api.breaker.openFor: openFor (1m) is above openMax (30s)'],
    ['bulkhead: { adaptive: { min: 9, max: 3 } }', '5:34 upstreams.api.bulkhead.adaptive.min: min (9) is above max (3)'],
    ['bulkhead: { queue: 5 }', '5:17 upstreams.api.bulkhead.queue: a queue needs a limit of what runs at once (write bulkhead.concurrent)'],
    [
      'cache: { ignoreOrigin: true }',
      '5:14 upstreams.api.cache.ignoreOrigin: needs a ttl to put in the place of what the origin says (write cache.ttl)',
    ],
    [
      'errors: { status: { conection_refused: 500 } }',
      '5:25 upstreams.api.errors.status.conection_refused: expected a failure code or a status (did you mean connection_refused?)',
    ],
    ['errors: { rewrite: { bad: 500 } }', '5:26 upstreams.api.errors.rewrite.bad: expected a status such as 520'],
    [
      'resolve: https://a.example:1',
      '5:14 upstreams.api.resolve: expected host:port such as 127.0.0.1:9443, got "https://a.example:1" (without the scheme)',
    ],
    [
      'resolve: { api.example: 127.0.0.1:99999 }',
      '5:29 upstreams.api.resolve.api.example: expected host:port such as 127.0.0.1:9443, got "127.0.0.1:99999"',
    ],
    ['resolve: { apl.example: 127.0.0.1:9443 }', '5:16 upstreams.api.resolve.apl.example: is no host of this upstream (did you mean api.example?)'],
    [
      'hosts: ["*.b.example"]\n    resolve: { "*.b.example": 127.0.0.1:9443 }',
      '6:16 upstreams.api.resolve.*.b.example: a pattern cannot be dialled elsewhere (write each host, or resolve: host:port for all)',
    ],
    [
      'resolve: { api.example:443: 127.0.0.1:9443 }',
      '5:16 upstreams.api.resolve.api.example:443: is no host of this upstream (did you mean api.example?)',
    ],
    [
      'hosts: [b.example:8443]\n    resolve: { 10.0.0.1: 127.0.0.1:9443 }',
      '6:16 upstreams.api.resolve.10.0.0.1: is no host of this upstream (its hosts are api.example, b.example:8443)',
    ],
    [
      'hosts: [https://b.example]',
      '5:13 upstreams.api.hosts.0: expected a host such as api.example.com or *.example.com, got "https://b.example" (without the scheme)',
    ],
    [
      'hosts: [a.*.example]',
      '5:13 upstreams.api.hosts.0: expected a host such as api.example.com or *.example.com, got "a.*.example" (* may only stand first, before a dot)',
    ],
    [
      'prefetch: { chains: [{ after: /a?b=1, ask: /c }] }',
      '5:35 upstreams.api.prefetch.chains.0.after: a path template has no query (every request of the path is followed)',
    ],
    [
      "prefetch: { chains: [{ after: /a, ask: '/c?id={} x' }] }",
      '5:44 upstreams.api.prefetch.chains.0.ask: expected a path and query as it is sent, got "/c?id={} x" (write {field} for a value, and other blanks as %20)',
    ],
    [
      "prefetch: { chains: [{ after: /a, ask: [/b, { path: '/c?id={id' }] }] }",
      '5:57 upstreams.api.prefetch.chains.0.ask.1.path: expected a path and query as it is sent, got "/c?id={id" (write {field} for a value, and other blanks as %20)',
    ],
    [
      'prefetch: { chains: [{ after: /a, ask: { path: /c, headers: { Authorization: x } } }] }',
      '5:67 upstreams.api.prefetch.chains.0.ask.headers.Authorization: "Authorization" cannot be set here (say what is asked for, such as accept; credentials are those of the request before)',
    ],
    [
      'prefetch: { chains: [{ after: /a, ask: { path: /c, headers: { accept: "é" } } }] }',
      '5:67 upstreams.api.prefetch.chains.0.ask.headers.accept: "accept" cannot be set here (say what is asked for, such as accept; credentials are those of the request before)',
    ],
    [
      'prefetch: { chains: [{ after: /a, ask: { path: /c, headers: { x-api-key: k } } }] }',
      '5:67 upstreams.api.prefetch.chains.0.ask.headers.x-api-key: "x-api-key" cannot be set here (say what is asked for, such as accept; credentials are those of the request before)',
    ],
    [
      'prefetch: { within: 30d }',
      '5:25 upstreams.api.prefetch.within: within (30d) is too long for an answer that nobody has asked about (a minute at most; write cache.ttl to keep rows longer)',
    ],
    ['prefetch: { maxEntry: 17MiB }', '5:27 upstreams.api.prefetch.maxEntry: is more than all answers that wait may have together (16MiB at most)'],
    [
      'prefetch: { learn: false }',
      '5:24 upstreams.api.prefetch.learn: nothing is asked for without chains (write prefetch.chains, or leave learn out)',
    ],
    ['tables: { path: /rest }', '5:21 upstreams.api.tables.path: expected a path with {table} in it, such as /rest/v1/{table}'],
    ['tls: { ca: ./none.pem }', '5:16 upstreams.api.tls.ca: the CA file "./none.pem" cannot be read: there is no such file'],
    ['tls: { ca: ./proxy.yaml }', '5:16 upstreams.api.tls.ca: the CA file "./proxy.yaml" holds no certificate in PEM'],
  ])('%s', (line, expected) => expect(inUpstream(line)).toEqual([`proxy.yaml:${expected}`]));

  it.each([
    ['{ match: { path: "/x/{a:[}" } }', '5:31 upstreams.api.routes.0.match.path: the path template does not compile: Invalid regular expression: '],
    ['{ match: { path: "/x/{a" } }', '5:31 upstreams.api.routes.0.match.path: the path template has a brace too many'],
    ['{ match: { path: "/x/**/y" } }', '5:31 upstreams.api.routes.0.match.path: ** may only stand at the end of a path template'],
    [
      '{ match: { path: [/a, "/x?b=1"] } }',
      '5:36 upstreams.api.routes.0.match.path.1: a path template has no query (write match.query: { name: value })',
    ],
    ['{ match: { header: { prefer: /(/ } } }', '5:43 upstreams.api.routes.0.match.header.prefer: the regular expression does not compile: '],
    ['{ match: { json: { "a[": 1 } } }', '5:33 upstreams.api.routes.0.match.json.a[: expected a path into JSON such as error.code'],
    [
      '{ match: { path: /a }, classify: [{ json: a, matches: "(", as: refused }] }',
      '5:68 upstreams.api.routes.0.classify.0.matches: the regular expression does not compile: ',
    ],
    [
      '{ match: { path: /a }, classify: [{ json: "a[", as: refused }] }',
      '5:56 upstreams.api.routes.0.classify.0.json: expected a path into JSON such as error.code',
    ],
    [
      '{ match: { path: /a }, pushback: [{ json: "a[" }] }',
      '5:56 upstreams.api.routes.0.pushback.0.json: expected a path into JSON such as error.code',
    ],
    [
      '{ match: { path: /a }, cache: { tags: ["t-{id}"] } }',
      '5:53 upstreams.api.routes.0.cache.tags.0: there is no placeholder {id} in the path of this route',
    ],
    [
      '{ match: { path: /a }, invalidate: { none: true, all: true } }',
      '5:63 upstreams.api.routes.0.invalidate.all: contradicts none: true, which drops nothing',
    ],
    [
      '{ match: { path: /a, method: POST }, cache: { ttl: 5s } }',
      '5:51 upstreams.api.routes.0.cache: only GET and HEAD are cached, and this route takes POST',
    ],
    [
      '{ match: { path: "/{a}" }, breaker: { scope: [authority, "{b}", "json:{x}"] } }',
      '5:71 upstreams.api.routes.0.breaker.scope.1: there is no placeholder {b} in the path of this route',
    ],
    ['{ match: { path: "/{a:x+}" }, pace: [{ rate: 1/s, key: ["{b}"] }] }', '5:70 upstreams.api.routes.0.pace.0.key.0: there is no placeholder {b}'],
    [
      '{ name: default, match: {} }',
      '5:22 upstreams.api.routes.0.name: there is a route default already (default is what no route matches: set it on the upstream)',
    ],
  ])('%s', (route, expected) => {
    const problems = inUpstream(`routes: [${route}]`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`proxy.yaml:${expected}`);
  });

  it.each([
    ['listen: { port: 9090 }', '2:17 listen.port: port 9090 is taken by admin already (choose another, or 0 for any free one)'],
    [
      'listen: { port: 7000 }\nadmin: { port: 7000, host: 0.0.0.0 }',
      '3:16 admin.port: port 7000 is taken by listen already (choose another, or 0 for any free one)',
    ],
    [
      'upstreams:\n  a: { origin: https://a.example, listen: { port: 8080 } }',
      '3:51 upstreams.a.listen.port: port 8080 is taken by listen already (choose another, or 0 for any free one)',
    ],
    [
      'upstreams:\n  a: { origin: https://a.example }\n  b: { origin: https://b.example, hosts: [A.example] }',
      '4:43 upstreams.b.hosts.0: the host a.example belongs to upstreams.a already (a request for it could not tell b from the other)',
    ],
    [
      'passthrough: [a.example]\nupstreams:\n  a: { origin: https://a.example }',
      '4:16 upstreams.a.origin: the host a.example belongs to passthrough.0 already (a request for it could not tell a from the other)',
    ],
    [
      'passthrough: ["*"]',
      '2:15 passthrough.0: expected a host such as api.example.com or *.example.com, got "*" (* may only stand first, before a dot)',
    ],
    [
      'upstreams:\n  a: { origin: "http://localhost:7001", listen: { port: 7001 } }',
      '3:16 upstreams.a.origin: requests would lead back to upstreams.a.listen of this proxy (write the address of the upstream, or resolve)',
    ],
    [
      'upstreams:\n  a: { origin: "http://127.0.0.1:9090" }',
      '3:16 upstreams.a.origin: requests would lead back to admin of this proxy (write the address of the upstream, or resolve)',
    ],
    [
      'upstreams:\n  a: { origin: http://a.example, resolve: "127.0.0.1:7001", listen: { port: 7001 } }',
      '3:43 upstreams.a.resolve: requests would lead back to upstreams.a.listen of this proxy (write the address of the upstream)',
    ],
    [
      'upstreams:\n  a: { origin: http://a.example, resolve: { a.example: "localhost:8080" } }',
      '3:56 upstreams.a.resolve.a.example: requests would lead back to listen of this proxy (write the address of the upstream)',
    ],
    [
      'upstreams:\n  a: { hosts: ["*.a.example"], listen: { port: 1 } }',
      '3:32 upstreams.a.listen: a port of its own needs an origin to send requests to (write origin: https://HOST)',
    ],
  ])('%j', (text, expected) => expect(problemsOf(`version: 1\n${text}\n`)).toEqual([`proxy.yaml:${expected}`]));

  it.each([
    [
      'pace: [{ rate: 1/s, hold: { codes: [busi, 429, connection_refused, busy] } }]',
      '6:41 upstreams.api.pace.0.hold.codes.0: nothing is called "busi" (did you mean busy?)',
    ],
    ['fallback: { steps: [{ stale: true }] }', '6:34 upstreams.api.fallback.steps.0.stale: no stale answer is kept here (write cache.staleIfError)'],
    [
      'cache: { staleIfError: 1h, enabled: false }\n    fallback: { steps: [{ stale: true }] }',
      '7:34 upstreams.api.fallback.steps.0.stale: no stale answer is kept here (the cache is off: remove cache.enabled)',
    ],
    [
      'cache: { staleIfError: 1h, mode: observe }\n    fallback: { steps: [{ stale: true }] }',
      '7:34 upstreams.api.fallback.steps.0.stale: no stale answer is given here (the cache only watches: remove cache.mode)',
    ],
    [
      'routes: [{ match: { path: /a }, cache: { tags: [bots] } }, { match: { path: /b }, invalidate: { tags: [bot] } }]',
      '6:108 upstreams.api.routes.1.invalidate.tags.0: no route gives its answers the tag "bot" (did you mean bots?)',
    ],
  ])('%s', (line, expected) => expect(inUpstream('classify: [{ as: refused, code: busy }]', line)).toEqual([`proxy.yaml:${expected}`]));

  it('lets port 0 stand as often as one likes, and one port on two addresses', () => {
    expect(problemsOf('version: 1\nlisten: { port: 0 }\nadmin: { port: 0 }\n')).toEqual([]);
    expect(problemsOf('version: 1\nlisten: { port: 7000 }\nadmin: { port: 7000, host: 127.0.0.2 }\n')).toEqual([]);
  });

  it('lets an origin have a port of ours elsewhere, or be dialled elsewhere', () => {
    expect(problemsOf('version: 1\nupstreams: { a: { origin: "http://api.example:8080" } }\n')).toEqual([]);
    expect(problemsOf('version: 1\nupstreams: { a: { origin: "http://127.0.0.1:8080", resolve: 127.0.0.1:7002 } }\n')).toEqual([]);
  });

  it('lets `resolve` name any host of the upstream, in whatever case, with its port or without', () => {
    const hosts = 'hosts: ["*.media.example", "b.example:8443", "[::1]:8443"]';
    const names = ['Api.Example', 'x.Media.example', 'b.example', 'b.example:8443', '"::1"', '"[::1]"', '"[::1]:8443"'];
    expect(inUpstream(hosts, `resolve: { ${names.map((name) => `${name}: 127.0.0.1:9443`).join(', ')} }`)).toEqual([]);
  });

  it('lets an attempt outlast total on a stream, where total ends with the head', () => {
    expect(inUpstream('streaming: true', 'timeouts: { attempt: 60s, total: 10s }')).toEqual([]);
  });
});
