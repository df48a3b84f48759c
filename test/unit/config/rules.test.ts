import { describe, expect, it } from 'vitest';
import { inUpstream } from './fixtures.ts';

const UNNAMED = 'compares a value that the rule does not name, so it would match every error (write json: PATH or header: NAME)';
const PART = 'expected authority, credential, a {name} of the path template, header:NAME, json:PATH or path:EXPRESSION';
const JSON_PATH = 'expected a path into JSON such as error.code or error.details[*].retryDelay';
const OPEN_GROUP = 'the regular expression does not compile: Invalid regular expression: /(/: Unterminated group';

describe('a rule that tests nothing', () => {
  it.each([
    ['classify: [{ in: [131056], as: refused }]', `5:18 upstreams.api.classify.0.in: ${UNNAMED}`],
    ['classify: [{ status: 400, matches: x, as: refused }]', `5:31 upstreams.api.classify.0.matches: ${UNNAMED}`],
    ['pushback: [{}]', '5:16 upstreams.api.pushback.0: expected header, json or both, got a map'],
  ])('%s', (line, expected) => expect(inUpstream(line)).toEqual([`proxy.yaml:${expected}`]));

  it('is not one that judges every error, or all that have a value at all', () => {
    expect(inUpstream('classify: [{ as: answered }, { header: x-gone, as: refused }, { json: error.code, as: ambiguous }]')).toEqual([]);
  });
});

describe('a place of the id of an answer', () => {
  it.each([
    ["upstreamId: ['json:a[']", `5:18 upstreams.api.upstreamId.0: ${JSON_PATH}, got "json:a["`],
    [
      "upstreamId: ['header:x-request-id', 'header:a b']",
      '5:41 upstreams.api.upstreamId.1: expected header:NAME such as header:x-request-id, got "header:a b"',
    ],
    ["upstreamId: ['header:set-cookie']", '5:18 upstreams.api.upstreamId.0: "set-cookie" names a secret, which must not be in a log'],
    ['upstreamId: [cf-ray]', '5:18 upstreams.api.upstreamId.0: expected header:NAME or json:PATH, got "cf-ray"'],
  ])('%s', (line, expected) => expect(inUpstream(line)).toEqual([`proxy.yaml:${expected}`]));
});

describe('a place where usage is told', () => {
  it.each([
    ["usage: [{ header: x-usage, name: app, percent: { calls: 'a[' } }]", `5:61 upstreams.api.usage.0.percent.calls: ${JSON_PATH}, got "a["`],
    ['usage: [{ header: "a b", name: app, percent: { calls: a } }]', '5:23 upstreams.api.usage.0.header: expected the name of a header, got "a b"'],
  ])('%s', (line, expected) => expect(inUpstream(line)).toEqual([`proxy.yaml:${expected}`]));
});

describe('a part of a key or scope that nothing can have', () => {
  it.each([
    ["pace: [{ rate: 1/s, key: ['jsom:to'] }]", `5:31 upstreams.api.pace.0.key.0: ${PART}, got "jsom:to"`],
    ["pace: [{ rate: 1/s, key: ['{fone'] }]", `5:31 upstreams.api.pace.0.key.0: ${PART}, got "{fone"`],
    ["pace: [{ rate: 1/s, key: ['json:a['] }]", `5:31 upstreams.api.pace.0.key.0: ${JSON_PATH}, got "json:a["`],
    ["pace: [{ rate: 1/s, key: ['header:a b'] }]", '5:31 upstreams.api.pace.0.key.0: expected header:NAME such as header:x-tenant, got "header:a b"'],
    ["pace: [{ rate: 1/s, key: ['path:('] }]", `5:31 upstreams.api.pace.0.key.0: ${OPEN_GROUP}`],
    ["breaker: { scope: [authority, 'path:('] }", `5:35 upstreams.api.breaker.scope.1: ${OPEN_GROUP}`],
    ["quota: { scope: ['path:('] }", `5:22 upstreams.api.quota.scope.0: ${OPEN_GROUP}`],
  ])('%s', (line, expected) => expect(inUpstream(line)).toEqual([`proxy.yaml:${expected}`]));

  it('is a placeholder that is not in the path of the route, with or without its braces', () => {
    const routes = "routes: [{ match: { path: '/{phone}' }, pace: [{ rate: 1/s, key: [fone, '{fone}', phone] }] }]";
    expect(inUpstream(routes)).toEqual([
      'proxy.yaml:5:71 upstreams.api.routes.0.pace.0.key.0: there is no placeholder {fone} in the path of this route',
      'proxy.yaml:5:77 upstreams.api.routes.0.pace.0.key.1: there is no placeholder {fone} in the path of this route',
    ]);
  });

  it.each([
    ["pace: [{ rate: 1/s, key: ['{phone}'] }]", "{ match: { path: '/{account}' } }", '5:31 upstreams.api.pace.0.key.0'],
    ['breaker: { scope: [phone] }', "{ match: { path: '/{phone}' }, breaker: { scope: [authority] } }", '5:24 upstreams.api.breaker.scope.0'],
  ])('is one of an upstream that no route has which takes it: %s', (line, route, at) =>
    expect(inUpstream(line, `routes: [${route}]`)).toEqual([
      `proxy.yaml:${at}: there is no placeholder {phone} in the path of any route that this holds for`,
    ]),
  );

  it('is not one of an upstream that some of its routes have, and a pace may have no key', () => {
    const routes = "routes: [{ match: { path: '/{phone}/a' } }, { match: { path: '/b' } }]";
    const names = "breaker: { scope: [authority, phone] }\n    quota: { scope: [credential, '{phone}'] }";
    expect(inUpstream(names, "pace: [{ rate: 1/s, key: ['{phone}', 'json:to'] }, { rate: 9/s }]", routes)).toEqual([]);
  });
});
