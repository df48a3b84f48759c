import { describe, expect, it } from 'vitest';
import { notesOf, problemsOf } from './fixtures.ts';

/** What is told of an upstream with these routes, in their order. */
function told(...routes: string[]): readonly string[] {
  return notesOf(
    `version: 1\nupstreams:\n  api:\n    origin: https://api.example\n    routes:\n${routes.map((route) => `      - ${route}\n`).join('')}`,
  );
}

describe('a route that can never match', () => {
  it.each([
    ['the same', '{ method: GET, path: /x }', '{ method: GET, path: /x }'],
    ['fewer methods', '{ method: [GET, HEAD], path: /x }', '{ method: HEAD, path: /x }'],
    ['any method before one', '{ path: /x }', '{ method: POST, path: /x }'],
    ['fewer paths', '{ path: [/x, /y] }', '{ path: /y }'],
    ['one more condition', '{ path: /x }', '{ path: /x, header: { a: b }, query: { c: d }, json: { e: f } }'],
    ['any value before one', '{ path: /x, header: { X-A: "*" } }', '{ path: /x, header: { x-a: b } }'],
    ['any value of the body before one', '{ json: { a: "*" } }', '{ json: { a: 1 } }'],
    ['a host', '{ host: [a.example, b.example] }', '{ host: b.example, path: /x }'],
    ['a host in another case', '{ host: A.Example }', '{ host: a.example, path: /x }'],
    ['no condition', '{}', '{ path: /x }'],
    ['all below before one', '{ path: /x/** }', '{ path: /x/y }'],
    ['all paths before one', '{ path: /** }', '{ path: /y }'],
    ['any segment before one', '{ path: /x/* }', '{ path: /x/y }'],
    ['a placeholder before one', '{ path: "/x/{id}" }', '{ path: /x/me }'],
    ['several paths, each below another', '{ path: [/x/**, /y/**] }', '{ path: ["/y/{id}", /x] }'],
    ['all subdomains before one', '{ host: "*.b.example" }', '{ host: ["A.b.example", "*.a.b.example"] }'],
  ])('is told with the one that takes its requests: %s', (_name, first, second) => {
    expect(told(`{ name: first, match: ${first} }`, `{ name: second, match: ${second} }`)).toEqual([
      'proxy.yaml:7:32 upstreams.api.routes.1.match: the route second can never match: first before it takes all that it would',
    ]);
  });

  it.each([
    ['another method', '{ method: GET, path: /x }', '{ method: POST, path: /x }'],
    ['one more method', '{ method: GET, path: /x }', '{ method: [GET, POST], path: /x }'],
    ['any method after one', '{ method: GET, path: /x }', '{ path: /x }'],
    ['another path', '{ path: /x }', '{ path: "/{y}" }'],
    ['one path of two', '{ path: /x/** }', '{ path: [/x/y, /z] }'],
    ['the domain of subdomains', '{ host: "*.b.example" }', '{ host: b.example }'],
    ['a path after one with a condition', '{ path: /x, query: { a: b } }', '{ path: /x }'],
    ['another value', '{ path: /x, json: { a: 1 } }', '{ path: /x, json: { a: 2 } }'],
    ['any value after one', '{ path: /x, header: { a: b } }', '{ path: /x, header: { a: "*" } }'],
  ])('is not one that takes what the other leaves: %s', (_name, first, second) => {
    expect(told(`{ name: first, match: ${first} }`, `{ name: second, match: ${second} }`)).toEqual([]);
  });

  it('is not looked for where an expression does not compile, which is told', () => {
    for (const path of ['"/x/{id:(}"', '"/x/{id:a}/{id:b}"', '"/x/{id:\\\\k<id>(}"']) {
      const text = `version: 1\nupstreams: { a: { origin: https://a.example, routes: [{ match: { path: ${path} } }, { match: { path: /x/y } }] } }\n`;
      expect(problemsOf(text)).toHaveLength(1);
    }
  });

  it('is named as it is in metrics where it has no name, and told once, with the first that covers it', () => {
    expect(told('{ match: { path: /x } }', '{ match: { path: /x } }', '{ match: { path: /x } }')).toHaveLength(2);
  });

  it('is what a preset may have that a route of the file takes the place of', () => {
    const route = "{ name: mine, match: { method: POST, path: ['/{version:v\\\\d+\\\\.\\\\d+}/{phone}/messages', '/{phone}/messages'] } }";
    expect(notesOf(`version: 1\nupstreams:\n  w:\n    preset: whatsapp-cloud\n    routes:\n      - ${route.replaceAll('\\\\', '\\')}\n`)).toEqual([]);
  });

  it.each(['whatsapp-cloud', 'gemini'])('is not in the preset %s', (preset) => {
    expect(notesOf(`version: 1\nupstreams:\n  a: { preset: ${preset} }\n`)).toEqual([]);
  });
});
