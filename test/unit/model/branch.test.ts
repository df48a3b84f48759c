import { describe, expect, it } from 'vitest';
import { exchangeOf } from '../policy/fixtures.ts';

describe('a branch of an exchange', () => {
  it('has the request and the limits of its exchange, and a target of its own where one is given', () => {
    const exchange = exchangeOf({ method: 'PUT', headers: ['a', 'b'], body: 'x' });
    exchange.deadlineAt = 99;
    exchange.route = 'r';
    exchange.background = true;
    exchange.chained = 2;
    const branch = exchange.branch({ path: '/other', authority: 'b.example' });
    expect(branch).toMatchObject({
      id: exchange.id,
      method: 'PUT',
      headers: ['a', 'b'],
      path: '/other',
      authority: 'b.example',
      deadlineAt: 99,
      upstream: 'api',
      route: 'r',
      background: true,
      chained: 2,
    });
    expect(branch.body).toBe(exchange.body);
    expect(branch.root).toBe(exchange);
    expect(branch.branch().root).toBe(exchange);
    expect(exchange.root).toBe(exchange);
  });

  it('ends with the client’s departure, unless it is detached, and alone when it is given up', () => {
    const exchange = exchangeOf();
    const [tied, detached, alone] = [exchange.branch(), exchange.branch({ detached: true }), exchange.branch()];
    alone.abort();
    expect([exchange.aborted, tied.aborted]).toEqual([false, false]);
    exchange.abort(1234);
    expect([tied.aborted, detached.aborted]).toEqual([true, false]);
    expect(exchange.abortedAt).toBe(1234);
    expect(exchange.branch().aborted).toBe(true);
  });

  it('counts its attempts after those that were made before', () => {
    const exchange = exchangeOf();
    exchange.attempt = 2;
    const branch = exchange.branch();
    branch.attempt = 3;
    branch.waitedMs = 10;
    branch.cacheStatus = 'fwd=miss';
    exchange.adopt(branch);
    expect(exchange).toMatchObject({ attempt: 5, waitedMs: 10, cacheStatus: 'fwd=miss' });
  });
});
