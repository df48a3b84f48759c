import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Link, type Wire } from '../../../../src/app/workers/link.ts';

/** Two ends of a channel that carries copies, in order, a turn later. */
function wires(): [Wire & EventEmitter, Wire & EventEmitter] {
  const ends = [new EventEmitter(), new EventEmitter()] as const;
  const wire = (own: EventEmitter, other: EventEmitter): Wire & EventEmitter =>
    Object.assign(own, {
      send: (message: unknown) => {
        const copy: unknown = structuredClone(message);
        setImmediate(() => other.emit('message', copy));
        return true;
      },
    }) as Wire & EventEmitter;
  return [wire(ends[0], ends[1]), wire(ends[1], ends[0])];
}

interface Asked {
  double: (value: number) => number;
  fail: () => void;
  never: () => void;
}

/** A side that is asked nothing. */
interface Nothing {
  nothing: () => void;
}

function pair(bugs: unknown[] = []): Link<Asked, Nothing> {
  const [here, there] = wires();
  void new Link<Nothing, Asked>(
    there,
    {
      double: (value) => value * 2,
      fail: () => Promise.reject(Object.assign(new Error('the port is taken'), { code: 'EADDRINUSE' })),
      never: () => new Promise<void>(() => undefined),
    },
    (error) => bugs.push(error),
  );
  return new Link<Asked, Nothing>(here, { nothing: () => undefined }, (error) => bugs.push(error));
}

describe('a link between two processes', () => {
  it('brings each answer to its question', async () => {
    const link = pair();
    expect(await Promise.all([1, 2, 3].map((value) => link.ask('double', value, 1000)))).toEqual([2, 4, 6]);
  });

  it('hands a failure back with its code', async () => {
    await expect(pair().ask('fail', undefined, 1000)).rejects.toMatchObject({ message: 'the port is taken', code: 'EADDRINUSE' });
  });

  it('reports a failure that nobody waits for', async () => {
    const bugs: unknown[] = [];
    const link = pair(bugs);
    link.tell('fail', undefined);
    // in order: what follows is answered after it
    await link.ask('double', 1, 1000);
    expect(bugs).toMatchObject([{ code: 'EADDRINUSE' }]);
  });

  it('does not wait for ever', async () => {
    await expect(pair().ask('never', undefined, 1)).rejects.toThrow('no answer to never within 1 ms');
  });

  it('tells whoever waits that the other side has died, and those who ask then', async () => {
    const link = pair();
    const asked = link.ask('never', undefined, Infinity);
    link.close();
    await expect(asked).rejects.toThrow('the process has ended');
    await expect(link.ask('double', 1, 1000)).rejects.toThrow('the process has ended');
  });
});
