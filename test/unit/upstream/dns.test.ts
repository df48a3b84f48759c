import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Lookup, type ResolveCallback, Resolver } from '../../../src/upstream/dns.ts';
import { FakeClock } from '../policy/fixtures.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const FAILED = Object.assign(new Error('getaddrinfo EAI_AGAIN'), { code: 'EAI_AGAIN' });
const NOT_FOUND = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });

function make() {
  const clock = new FakeClock();
  const asked: ResolveCallback[] = [];
  const lookup: Lookup = (_host, callback) => void asked.push(callback);
  const resolver = new Resolver(clock, { ttlMs: 30_000, negativeMs: 1000, patienceMs: 500 }, lookup);
  const told: string[] = [];
  const ask = (host = 'api.test'): void => {
    resolver.resolve(host, (error, addresses) => told.push(error?.code ?? addresses.map(({ address }) => address).join(' ')));
  };
  const answer = (...addresses: string[]): void =>
    asked.pop()?.(
      undefined,
      addresses.map((address) => ({ address, family: 4 })),
    );
  const fail = (error = FAILED): void => asked.pop()?.(error, []);
  return { clock, asked, told, ask, answer, fail };
}

describe('the resolver', () => {
  it('asks once for many, and keeps the answer for its time', () => {
    const { clock, asked, told, ask, answer } = make();
    ask();
    ask();
    expect(asked).toHaveLength(1);
    answer('10.0.0.1');
    clock.advance(29_999);
    ask();
    expect(told).toEqual(['10.0.0.1', '10.0.0.1', '10.0.0.1']);
    expect(asked).toHaveLength(0);
  });

  it('picks up a changed address once the kept one is past its time', () => {
    const { clock, told, ask, answer } = make();
    ask();
    answer('10.0.0.1');
    clock.advance(30_000);
    ask();
    answer('10.0.0.2', '10.0.0.3');
    expect(told).toEqual(['10.0.0.1', '10.0.0.2 10.0.0.3']);
  });

  it('covers a failing resolver with the last good answer, and does not hammer it', () => {
    const { clock, asked, told, ask, answer, fail } = make();
    ask();
    answer('10.0.0.1');
    clock.advance(1e9);
    ask();
    fail();
    ask();
    expect(told).toEqual(['10.0.0.1', '10.0.0.1', '10.0.0.1']);
    expect(asked).toHaveLength(0);
    clock.advance(1000);
    ask();
    answer('10.0.0.9');
    expect(told.at(-1)).toBe('10.0.0.9');
  });

  it('covers a hanging resolver with the last good answer after its patience, and takes up the late one', async () => {
    const { clock, told, ask, answer } = make();
    ask();
    answer('10.0.0.1');
    clock.advance(30_000);
    ask();
    await vi.advanceTimersByTimeAsync(499);
    expect(told).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(told).toEqual(['10.0.0.1', '10.0.0.1']);
    answer('10.0.0.2');
    ask();
    expect(told.at(-1)).toBe('10.0.0.2');
  });

  it('asks a resolver that failed once more, after a moment, for all who want to know by then', async () => {
    const { clock, asked, told, ask, answer, fail } = make();
    ask();
    fail();
    expect(told).toEqual(['EAI_AGAIN']);
    clock.advance(30);
    ask();
    ask();
    await vi.advanceTimersByTimeAsync(69);
    expect([told.length, asked.length]).toEqual([1, 0]);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toHaveLength(1);
    ask();
    expect(asked).toHaveLength(1);
    answer('10.0.0.1');
    expect(told).toEqual(['EAI_AGAIN', '10.0.0.1', '10.0.0.1', '10.0.0.1']);
  });

  it('fails a name that has no address for longer, without asking again', () => {
    const { clock, asked, told, ask, answer, fail } = make();
    ask();
    fail(NOT_FOUND);
    clock.advance(999);
    ask();
    expect([told, asked.length]).toEqual([['ENOTFOUND', 'ENOTFOUND'], 0]);
    clock.advance(1);
    ask();
    answer('10.0.0.1');
    expect(told.at(-1)).toBe('10.0.0.1');
  });

  it('remembers no more than a thousand names', () => {
    const { asked, ask, answer } = make();
    for (let i = 0; i < 1100; i++) {
      ask(`host-${i}.test`);
      answer('10.0.0.1');
    }
    ask('host-0.test');
    expect(asked).toHaveLength(1);
  });
});
