import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ledger, Sent } from '../../../src/policy/ledger.ts';
import { UpstreamState } from '../../../src/policy/upstream-state.ts';
import { FakeClock, Notes } from './fixtures.ts';

function settledWith(key: string, bytes: number): Sent {
  const sent = new Sent(key, 30_000);
  sent.settle({ name: 'answered', answer: { status: 200, headers: [], bytes: Buffer.alloc(bytes) } });
  return sent;
}

describe('the ledger of sendings', () => {
  it('keeps a bounded number of bytes, the newest', () => {
    const ledger = new Ledger(new FakeClock());
    for (let i = 0; i < 40; i++) ledger.add(settledWith(`k${i}`, 1024 * 1024), 1000);
    expect(ledger.size).toBe(16);
    expect([ledger.claim('k39')?.key, ledger.claim('k0')]).toEqual(['k39', undefined]);
  });

  it('keeps what still runs however long that takes', () => {
    const clock = new FakeClock();
    const ledger = new Ledger(clock);
    const sent = new Sent('k', 30_000);
    ledger.add(sent, 10);
    clock.advance(120_000);
    expect(ledger.claim('k')).toBe(sent);
  });

  it('outlives a reload, for calls that are under way too', () => {
    const clock = new FakeClock();
    const before = new UpstreamState('whatsapp', {}, clock, new Notes());
    const running = before.ledger;
    const after = new UpstreamState('whatsapp', {}, clock, new Notes());
    after.adopt(before);
    running().add(settledWith('k', 1), 10);
    expect(after.ledger().claim('k')).toBeDefined();
  });

  it('gives each sending to one claim, within its window, and forgets all in the end', () => {
    const act = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), key: fc.constantFrom('a', 'b') }),
      fc.record({ kind: fc.constant('claim' as const), key: fc.constantFrom('a', 'b') }),
      fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 20_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const clock = new FakeClock();
        const ledger = new Ledger(clock);
        const claims: [boolean, boolean][] = [];
        let model: { key: string; until: number }[] = [];
        for (const one of acts) {
          if (one.kind === 'pass') clock.advance(one.ms);
          model = model.filter(({ until }) => until > clock.time);
          if (one.kind === 'add') {
            ledger.add(settledWith(one.key, 1), 1000);
            model.push({ key: one.key, until: clock.time + 30_000 });
          } else if (one.kind === 'claim') {
            const at = model.findIndex(({ key }) => key === one.key);
            claims.push([ledger.claim(one.key) !== undefined, at >= 0]);
            if (at >= 0) model.splice(at, 1);
          }
        }
        for (const [claimed, expected] of claims) expect(claimed).toBe(expected);
        clock.advance(30_000);
        expect(ledger.claim('a')).toBeUndefined();
        expect(ledger.size).toBe(0);
      }),
    );
  });
});
