import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { closedLoops } from '../../../bench/load/closed.ts';
import { offsetsMs, shuffled } from '../../../bench/load/schedule.ts';
import type { Target } from '../../../bench/load/spec.ts';
import { events } from '../../../bench/load/streams.ts';
import { turns } from '../../../bench/load/turns.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.closeAllConnections();
});

async function targetOf(answer: RequestListener): Promise<Target> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server.unref());
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, tls: false, path: '/' };
}

describe('an order of turns', () => {
  it('has each target once, whatever chance says', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })), (count, chance) => {
        const order = shuffled(count, () => chance.next().value ?? 0);
        expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n));
      }),
    );
  });

  it('is another one by chance', () => {
    expect(shuffled(3, () => 0)).toEqual([1, 2, 0]);
    expect(shuffled(3, () => 0.99)).toEqual([0, 1, 2]);
  });
});

describe('the turns of a period', () => {
  it('leave each target the time that it takes, and share the rest', () => {
    expect(offsetsMs([2, 0, 1], [1, 3, 2], 12)).toEqual([4, 7, 0]);
  });

  it('follow each other without a rest where the period is too short', () => {
    expect(offsetsMs([0, 1, 2], [2, 2, 2], 3)).toEqual([0, 2, 4]);
  });

  it('are in the order, and the last one ends within the period if they fit', () => {
    const times = fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 1, maxLength: 15 });
    fc.assert(
      fc.property(times, (typical) => {
        const order = shuffled(typical.length, Math.random);
        const offsets = offsetsMs(order, typical, 20);
        const inOrder = order.map((target) => offsets[target] ?? NaN);
        expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
        const last = order.at(-1) ?? 0;
        expect((offsets[last] ?? NaN) + (typical[last] ?? NaN)).toBeLessThanOrEqual(20.001);
      }),
    );
  });
});

describe('load in turns', () => {
  it('asks all targets equally often, and never two at once', async () => {
    let working = 0;
    let most = 0;
    const slow: RequestListener = (_request, response) => {
      most = Math.max(most, ++working);
      setImmediate(() => {
        working--;
        response.end('x');
      });
    };
    const targets = [await targetOf(slow), await targetOf(slow), await targetOf(slow)];
    const results = await turns({ kind: 'turns', targets, perSecond: 200, seconds: 0.2 });
    expect(most).toBe(1);
    expect(results.map(({ errors }) => errors)).toEqual([0, 0, 0]);
    expect(new Set(results.map(({ done }) => done)).size).toBe(1);
    expect(results[0]?.done).toBeGreaterThan(0);
  });

  it('goes on with the others where one refuses or breaks off', async () => {
    const served = await targetOf((_request, response) => response.end('x'));
    const refusing = await targetOf((_request, response) => response.writeHead(503).end());
    const breaking = await targetOf((request) => request.destroy());
    const gone: Target = { ...served, port: 1 };
    const [good, ...bad] = await turns({ kind: 'turns', targets: [served, refusing, breaking, gone], perSecond: 100, seconds: 0.1 });
    expect(good?.errors).toBe(0);
    expect(bad.map(({ done }) => done)).toEqual([0, 0, 0]);
    expect(bad.map(({ errors }) => errors)).toEqual([good?.done, good?.done, good?.done]);
  });
});

describe('load on one target after another', () => {
  it('counts the requests of each, and none for one that is gone', async () => {
    const served = await targetOf((_request, response) => response.end('x'));
    const [gone, good] = await closedLoops({ kind: 'each', targets: [{ ...served, port: 1 }, served], connections: 2, seconds: 0.05 });
    expect(gone).toBe(0);
    expect(good).toBeGreaterThan(0);
  });
});

describe('load of events', () => {
  it('counts the events that did not come as errors', async () => {
    const target = await targetOf((_request, response) => {
      response.write(`data: ${process.hrtime.bigint()}\n\n`);
      response.end(`data: ${process.hrtime.bigint()}\n\n`);
    });
    expect(await events({ kind: 'events', target, connections: 2, perStream: 3, seconds: 1 })).toMatchObject({ done: 4, errors: 2 });
  });
});
