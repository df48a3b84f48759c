import { describe, expect, it, vi } from 'vitest';
import { upstream } from '../../../../src/config/schema/upstream.ts';
import { LONGEST_MS } from '../../../../src/model/timer.ts';
import { exchangeOf, failed } from '../../policy/fixtures.ts';
import { HandBody, ok, read } from '../fixtures.ts';
import { GIVEN, json, known, learned, rows, settled, Stage, USER, walk } from './fixtures.ts';

describe('what is under way', () => {
  it('is refused at its head where it can never be given, and nobody waits for its end', async () => {
    const stream = new HandBody();
    const stage = known();
    stage.play = (exchange) => (exchange.chained > 0 ? stream.reply('content-type', 'text/event-stream') : rows(exchange));
    await stage.get('/messages?id=eq.1');
    expect(stream.aborted).toBe(true);
    expect((await stage.get('/conversations?id=eq.1001')).said).toBe('');
  });

  it('is waited for no longer than the client has time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const slow = new HandBody();
      const stage = known({ within: '30s' });
      stage.play = (exchange) => (exchange.chained > 0 ? slow.reply('content-type', 'application/json') : rows(exchange));
      await stage.get('/messages?id=eq.1');
      const exchange = exchangeOf({ path: '/conversations?id=eq.1001', headers: USER });
      exchange.deadlineAt = stage.clock.now() + 500;
      const asked = Promise.resolve(stage.send(exchange));
      vi.advanceTimersByTime(501);
      expect((await read(await asked, exchange)).body).toBe('[{"id":1001,"account_id":2001}]');
      vi.advanceTimersByTime(30_000);
      await settled();
      expect(slow.aborted).toBe(true);
      await stage.get('/messages?id=eq.2');
      expect(stage.ahead).toHaveLength(2);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is given up for good where it never answers', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const stage = known({ concurrent: 1 });
      let left = false;
      stage.play = (exchange) => {
        if (exchange.chained === 0) return rows(exchange);
        return new Promise((resolve) => {
          exchange.onAbort(() => {
            left = true;
            resolve(failed({ kind: 'aborted' }));
          });
        });
      };
      await stage.get('/messages?id=eq.1');
      vi.advanceTimersByTime(3001);
      await settled();
      expect(left).toBe(true);
      await stage.get('/messages?id=eq.2');
      expect(stage.ahead).toHaveLength(2);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is not kept where the upstream wants to be asked about it', async () => {
    const stage = known();
    stage.play = (exchange) => (exchange.chained > 0 ? json([{ id: 1001 }], 'cache-control', 'no-cache') : rows(exchange));
    await stage.get('/messages?id=eq.1');
    expect((await stage.get('/conversations?id=eq.1001')).said).toBe('');
  });

  it.each(['max-age=0, private, must-revalidate', 'max-age=2', 's-maxage=0', ['expires', '0']])(
    'is not kept where it says that it is not fresh for so long: %j',
    async (says) => {
      const stage = known();
      const [name, value] = typeof says === 'string' ? ['cache-control', says] : (says as [string, string]);
      stage.play = (exchange) => (exchange.chained > 0 ? json([{ id: 1001 }], name, value) : rows(exchange));
      await stage.get('/messages?id=eq.1');
      expect((await stage.get('/conversations?id=eq.1001')).said).toBe('');
    },
  );

  it('is kept where it says that it is fresh for longer', async () => {
    const stage = known();
    stage.play = (exchange) => (exchange.chained > 0 ? json([{ id: 1001 }], 'cache-control', 'max-age=60, must-revalidate') : rows(exchange));
    await stage.get('/messages?id=eq.1');
    expect((await stage.get('/conversations?id=eq.1001')).said).toBe(GIVEN);
  });

  it('can be asked for anew once a write has dropped it', async () => {
    const stage = known();
    await stage.get('/messages?id=eq.1');
    await stage.get('/x', USER, 'POST');
    await stage.get('/messages?id=eq.1');
    expect((await stage.get('/conversations?id=eq.1001')).said).toBe(GIVEN);
  });
});

describe('a write that timed out and goes on', () => {
  it('is open until its late answer has come: nothing is asked ahead meanwhile', async () => {
    const stage = known();
    const told: string[] = [];
    const write = exchangeOf({ method: 'POST', path: '/x', headers: USER });
    write.late = { waitMs: 1000, awaited: () => told.push('awaited'), arrived: () => told.push('arrived'), lost: () => told.push('lost') };
    stage.play = (exchange) => {
      if (exchange.method !== 'POST') return rows(exchange);
      exchange.late?.awaited();
      return failed();
    };
    await stage.send(write);
    await stage.get('/messages?id=eq.1');
    expect(stage.ahead).toEqual([]);
    write.late.arrived(ok(''));
    await settled();
    await stage.get('/messages?id=eq.2');
    expect([stage.ahead, told]).toEqual([['/conversations?id=eq.1002'], ['awaited', 'arrived']]);
  });

  it('that throws, as nothing may, still ends', async () => {
    const stage = known();
    stage.play = (exchange) => {
      if (exchange.method === 'POST') throw new Error('a bug');
      return rows(exchange);
    };
    await expect(Promise.resolve(stage.send(exchangeOf({ method: 'POST', path: '/x', headers: USER })))).rejects.toThrow('a bug');
    await stage.get('/messages?id=eq.1');
    expect(stage.ahead).toHaveLength(1);
  });
});

describe('what is learned', () => {
  it('has nothing in it that may be of one user alone', async () => {
    const stage = new Stage({ prefetch: {} }, rows);
    for (const id of [1, 2, 3, 4]) {
      await stage.get(`/messages?id=eq.${id}`);
      await stage.get(`/conversations?id=eq.${id + 1000}&email=alice@x.org`);
      await stage.get(`/bot7:SECRET/conversations?id=eq.${id + 1000}`);
      await stage.get(`/conversations?id=eq.${id + 1000}&or=(phone.eq.4915112345)`);
    }
    expect(stage.cache.prefetchers.flatMap(({ chains }) => chains)).toEqual([]);
  });

  it('may have words and small numbers in it', async () => {
    const stage = new Stage({ prefetch: {} }, rows);
    for (const id of [1, 2, 3]) {
      await stage.get(`/messages?id=eq.${id}`);
      await stage.get(`/conversations?id=eq.${id + 1000}&status=eq.open&version=2`);
    }
    await stage.get('/messages?id=eq.4');
    expect(stage.ahead).toEqual(['/conversations?id=eq.1004&status=eq.open&version=2']);
  });
});

describe('a configuration that is refused', () => {
  it('leaves what asks ahead by the old one where purges and others reach it', async () => {
    const stage = await learned();
    stage.refuse({ prefetch: { rows: 2 } });
    stage.settle({ prefetch: {} });
    expect(stage.cache.prefetchers).toHaveLength(1);
    await stage.get('/messages?id=eq.4');
    await stage.cache.admin.purge({ all: true });
    expect((await stage.get('/conversations?id=eq.1004')).said).toBe('');
    await walk(stage, 5);
    expect(stage.ahead).toContain('/conversations?id=eq.1005');
  });
});

it('the longest time that a file may say is one that timers take', () => {
  expect(upstream.parse({ origin: 'https://a.test', prefetch: { within: '60s' } }).prefetch?.within).toBeLessThan(LONGEST_MS);
});
