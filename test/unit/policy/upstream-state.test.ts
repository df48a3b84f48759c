import { describe, expect, it } from 'vitest';
import { upstream } from '../../../src/config/schema/upstream.ts';
import { breakerOfRoute } from '../../../src/policy/core-layers.ts';
import { UpstreamState } from '../../../src/policy/upstream-state.ts';
import { routesOf } from '../../../src/config/effective.ts';
import { exchangeOf, FakeClock, Notes, pseudonymOf } from './fixtures.ts';

function make(clock: FakeClock, written: Record<string, unknown> = {}) {
  const config = upstream.parse({ origin: 'https://api.example', breaker: {}, ...written });
  const notes = new Notes();
  const state = new UpstreamState('api', config, clock, notes);
  const [settings] = routesOf('api', config);
  if (settings === undefined) throw new Error('no route');
  const breakerOf = breakerOfRoute(settings, { breakers: state.breakers, pseudonymOf });
  if (breakerOf === undefined) throw new Error('no breaker');
  return { state, notes, breakerOf };
}

describe('the state of an upstream', () => {
  it('outlives a reload that changed its settings: breakers, spent budget, used-up quotas', () => {
    const clock = new FakeClock();
    const before = make(clock, { breaker: { consecutive: 5 } });
    before.breakerOf(exchangeOf()).trip();
    before.breakerOf(exchangeOf({ authority: 'other.example' })).isolate();
    for (let i = 0; i < 30; i++) before.state.budget.take();
    before.state.gates.close('api.example key pro', 60_000, 'daily');
    const after = make(clock, { breaker: { consecutive: 9 } });
    after.state.adopt(before.state);
    expect([after.breakerOf(exchangeOf()).state, after.breakerOf(exchangeOf({ authority: 'other.example' })).state]).toEqual(['open', 'isolated']);
    expect(after.state.budget.take()).toBe(false);
    expect(after.state.gates.list).toHaveLength(1);
    expect(after.notes.transitions).toEqual([]);
    clock.advance(60_000);
    expect(after.breakerOf(exchangeOf()).admit()?.probe).toBe(true);
    expect(after.notes.transitions).toMatchObject([{ from: 'open', to: 'half-open', cause: 'elapsed' }]);
  });

  it('has the same places after a reload, taken ones and the limit that was found among them, where it says the same of them', () => {
    const clock = new FakeClock();
    const adaptive = { bulkhead: { adaptive: { min: 2, max: 50 } } };
    const before = make(clock, adaptive).state;
    before.places?.tryEnter();
    for (let i = 0; i < 500; i++) before.places?.adaptive?.answered(10, i < 20 ? 1 : 50);
    const found = before.places?.stats;
    expect(found?.limit).toBeGreaterThan(2);
    const [same, other] = [make(clock, { ...adaptive, retry: { attempts: 2 } }), make(clock, { bulkhead: { adaptive: { min: 2, max: 40 } } })];
    for (const { state } of [same, other]) state.adopt(before);
    expect([same.state.places?.stats, other.state.places?.stats]).toEqual([found, { active: 0, queued: 0, limit: 2 }]);
    before.places?.begun();
    before.places?.leave();
    expect(same.state.places?.stats.active).toBe(0);
  });

  it('knows after a reload which failed requests may come again, those of calls that were under way among them', () => {
    const clock = new FakeClock();
    const before = make(clock).state;
    before.clientRetries?.failed(exchangeOf({ path: '/before' }));
    before.clientRetries?.isNews('default');
    const after = make(clock, { retry: { attempts: 2 } }).state;
    after.adopt(before);
    before.clientRetries?.failed(exchangeOf({ path: '/late' }));
    const known = ['/before', '/late', '/other'].map((path) => after.clientRetries?.recognises(exchangeOf({ path })));
    expect([known, after.clientRetries?.isNews('default')]).toEqual([[true, true, false], false]);
    const off = make(clock, { retry: { resends: '0s' } }).state;
    off.adopt(before);
    expect(off.clientRetries).toBeUndefined();
  });
});
