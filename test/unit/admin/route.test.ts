import { describe, expect, it } from 'vitest';
import { hostGuard } from '../../../src/admin/guard.ts';
import { text } from '../../../src/admin/replies.ts';
import { type AdminRoute, findRoute } from '../../../src/admin/route.ts';

const route = (method: AdminRoute['method'], path: string): AdminRoute => ({ method, path, summary: '', handle: () => text('') });
const routes = [route('GET', '/api/cache'), route('DELETE', '/api/cache'), route('POST', '/api/breakers/{upstream}/{breaker}/trip')];

describe('finding an endpoint', () => {
  it('takes placeholders decoded, one segment each', () => {
    expect(findRoute(routes, 'POST', '/api/breakers/api/a%2Fb/trip')).toMatchObject({ type: 'route', params: { upstream: 'api', breaker: 'a/b' } });
    expect(findRoute(routes, 'POST', '/api/breakers/api/a/b/trip')).toEqual({ type: 'none' });
    expect(findRoute(routes, 'POST', '/api/breakers//b/trip')).toEqual({ type: 'none' });
    expect(findRoute(routes, 'POST', '/api/breakers/%/b/trip')).toEqual({ type: 'none' });
  });

  it('answers HEAD where GET is, and names what a path takes', () => {
    expect(findRoute(routes, 'HEAD', '/api/cache')).toMatchObject({ type: 'route' });
    expect(findRoute(routes, 'PUT', '/api/cache')).toEqual({ type: 'method', allow: ['GET', 'HEAD', 'DELETE'] });
  });
});

describe('the Host header', () => {
  const check = hostGuard('admin.internal', ['breakwater']);

  it.each([
    'localhost',
    'localhost:9090',
    'LOCALHOST.',
    '127.0.0.1:9090',
    '[::1]:9090',
    '10.1.2.3',
    'admin.internal:9090',
    'breakwater:9090',
    'app.localhost',
  ])('may be %s', (host) => {
    expect(check({ host })).toBeUndefined();
  });

  it.each(['evil.example', 'localhost.evil.example', 'admin.internal.evil.example', '127.0.0.1.evil.example:9090'])('may not be %s', (host) => {
    expect(check({ host })?.status).toBe(421);
  });

  it.each([undefined, '', 'a b', 'localhost:', 'localhost:99999999', 'a@localhost', '[::1', 'localhost/x'])('is malformed as %s', (host) => {
    expect(check(host === undefined ? {} : { host })?.status).toBe(400);
  });
});
