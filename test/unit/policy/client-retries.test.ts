import { describe, expect, it } from 'vitest';
import { ClientRetries } from '../../../src/policy/client-retries.ts';
import { exchangeOf, FakeClock } from './fixtures.ts';

const SEND = { method: 'POST', path: '/v23.0/1/messages', headers: ['authorization', 'Bearer x'], body: '{"to":"1"}' };

function make() {
  const clock = new FakeClock();
  return { clock, seen: new ClientRetries(30_000, clock) };
}

describe('a request that failed and comes again', () => {
  it('is recognised, once for each failure', () => {
    const { seen } = make();
    seen.failed(exchangeOf(SEND));
    expect([seen.recognises(exchangeOf(SEND)), seen.recognises(exchangeOf(SEND)), seen.size]).toEqual([true, false, 0]);
  });

  it.each([
    ['method', { method: 'PUT' }],
    ['path', { path: '/v23.0/2/messages' }],
    ['query', { path: '/v23.0/1/messages?x=1' }],
    ['credential', { headers: ['authorization', 'Bearer y'] }],
    ['body', { body: '{"to":"2"}' }],
    ['host', { authority: 'other.example' }],
  ])('is another one where its %s is', (_what, other) => {
    const { seen } = make();
    seen.failed(exchangeOf(SEND));
    expect(seen.recognises(exchangeOf({ ...SEND, ...other }))).toBe(false);
  });

  it('is forgotten after its time', () => {
    const { clock, seen } = make();
    seen.failed(exchangeOf(SEND));
    clock.advance(30_001);
    expect([seen.recognises(exchangeOf(SEND)), seen.size]).toEqual([false, 0]);
  });

  it('is remembered within bounds, the latest longest, also where all are for one path', () => {
    const { seen } = make();
    for (let i = 0; i < 2000; i++) seen.failed(exchangeOf({ ...SEND, body: String(i) }));
    expect(seen.size).toBe(512);
    expect([seen.recognises(exchangeOf({ ...SEND, body: '1999' })), seen.recognises(exchangeOf({ ...SEND, body: '3' }))]).toEqual([true, false]);
    for (let i = 0; i < 2000; i++) seen.failed(exchangeOf({ ...SEND, path: `/${i}` }));
    expect(seen.size).toBeLessThanOrEqual(512);
  });
});
