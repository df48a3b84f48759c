import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { authorityOf, isLoopback, parseAuthority } from '../../../src/listen/authority.ts';
import { destinationOf } from '../../../src/listen/destination.ts';
import type { Door } from '../../../src/listen/door.ts';
import { echo, gatewayOfTargets, targetOf } from '../../support/listener.ts';

const hostOnly = targetOf(echo, { name: 'pattern', origin: undefined });
const gateway = gatewayOfTargets([targetOf(echo), hostOnly], { 'api.example': 'api', 'api.example:8443': 'api', 'api.1': 'api' });
const TUNNEL: Door = { kind: 'tunnel', scheme: 'https', authority: 'api.example' };

function find(url: string, door: Door = { kind: 'main' }, host = 'x', method = 'GET') {
  return destinationOf({ door, method, url, host, isOwn: ({ host: to, port }) => isLoopback(to) && port === 8080 }, gateway);
}

describe('the destination of a request', () => {
  it('by prefix keeps the rest byte for byte, for any path and query', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[!-"$-~]{0,40}$/), (rest) => {
        expect(find(`/api/${rest}`)).toMatchObject({ type: 'destination', entry: 'prefix', path: `/${rest}` });
        expect(find(`/api?${rest}`)).toMatchObject({ type: 'destination', entry: 'prefix', path: `/?${rest}` });
      }),
    );
  });

  it.each([
    ['/api', { kind: 'main' }, 'x', { entry: 'prefix', path: '/', scheme: 'https', authority: 'api.example' }],
    ['/API/', { kind: 'main' }, 'x', { status: 404, reason: 'unknown_prefix' }],
    ['/', { kind: 'main' }, 'x', { status: 404, reason: 'unknown_prefix' }],
    ['//api/', { kind: 'main' }, 'x', { status: 404, reason: 'unknown_prefix' }],
    [
      '/pattern/',
      { kind: 'main' },
      'x',
      { status: 404, detail: 'the upstream pattern has no origin: it is reached by its host through the forward proxy' },
    ],
    ['/v1?a', { kind: 'port', upstream: 'api' }, 'x', { entry: 'port', path: '/v1?a', authority: 'api.example' }],
    ['/v1', { kind: 'port', upstream: 'gone' }, 'x', { status: 404 }],
    ['http://localhost:8080/api/v1', { kind: 'main' }, 'x', { entry: 'prefix', path: '/v1' }],
    ['http://127.0.0.1:8080/v1', { kind: 'port', upstream: 'api' }, 'x', { entry: 'port', path: '/v1' }],
    ['http://api.example?q', { kind: 'main' }, 'x', { entry: 'absolute', scheme: 'http', authority: 'api.example', path: '/?q' }],
    ['HTTPS://API.EXAMPLE:8443/a', { kind: 'main' }, 'x', { entry: 'absolute', scheme: 'https', authority: 'api.example:8443', path: '/a' }],
    ['http://other.example/', { kind: 'main' }, 'x', { status: 403, reason: 'unknown_host' }],
    ['http://api.1/', { kind: 'main' }, 'x', { status: 400, reason: 'malformed' }],
    ['http://api.256.0.0.1:80/', { kind: 'main' }, 'x', { status: 400, reason: 'malformed' }],
    ['ftp://api.example/', { kind: 'main' }, 'x', { status: 400 }],
    ['http://', { kind: 'main' }, 'x', { status: 400 }],
    ['/v1', TUNNEL, 'api.example', { entry: 'connect', path: '/v1', authority: 'api.example' }],
    ['/v1', TUNNEL, 'API.Example.:443', { entry: 'connect', path: '/v1' }],
    ['/v1', TUNNEL, 'api.example:80', { status: 421 }],
    ['/v1', TUNNEL, '', { status: 421 }],
    ['https://api.example/v1', TUNNEL, 'ignored', { entry: 'connect', path: '/v1' }],
    ['https://other.example/v1', TUNNEL, 'api.example', { status: 421 }],
    ['/v1', { kind: 'tunnel', scheme: 'https', authority: 'gone.example' }, 'gone.example', { status: 403 }],
  ] satisfies [string, Door, string, object][])('of %s by %j, Host %j', (url, door, host, expected) => {
    expect(find(url, door, host)).toMatchObject(expected);
  });

  it('of OPTIONS * is the upstream where the way in names one', () => {
    expect(find('*', TUNNEL, 'api.example', 'OPTIONS')).toMatchObject({ entry: 'connect', path: '*' });
    expect(find('*', { kind: 'main' }, 'x', 'OPTIONS')).toMatchObject({ status: 400 });
  });

  it('is no host of passthrough by plain HTTP, and the refusal asks for nothing that is done already', () => {
    const tunnelling = gatewayOfTargets([targetOf(echo)], {}, ['raw.example']);
    const asked = { door: { kind: 'main' }, method: 'GET', url: 'http://raw.example/', host: 'x', isOwn: () => false } as const;
    expect(destinationOf(asked, tunnelling)).toMatchObject({
      status: 403,
      reason: 'unknown_host',
      detail: expect.stringMatching(/^raw\.example is in passthrough, which tunnels \(CONNECT\) and serves no http:\/\/ requests: /),
    });
  });

  it('does not put into its words what could be a secret', () => {
    expect(JSON.stringify(find(`/sk-Secret${'x'.repeat(30)}/v1`))).not.toContain('Secret');
  });
});

describe('an authority', () => {
  it.each([
    ['a.example:443', { host: 'a.example', port: 443 }],
    ['A.Example.:1', { host: 'a.example', port: 1 }],
    ['[::1]:65535', { host: '::1', port: 65_535 }],
    ['a.example', undefined],
    ['a.example:', undefined],
    ['a.example:65536', undefined],
    ['a.example:0', undefined],
    ['user@a.example:1', undefined],
    ['[1.2.3.4]:1', undefined],
    ['a,b:1', undefined],
    [':1', undefined],
  ])('reads %s', (text, expected) => {
    expect(parseAuthority(text, undefined)).toEqual(expected);
  });

  it('is written as it is read', () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()), fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        const name = { host: host.toLowerCase(), port };
        expect(parseAuthority(authorityOf(name, 443), 443)).toEqual(name);
      }),
    );
  });
});
