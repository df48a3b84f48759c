import { describe, expect, it } from 'vitest';
import { upstream } from '../../../src/config/schema/upstream.ts';
import { breakerOfRoute } from '../../../src/policy/core-layers.ts';
import { UpstreamState } from '../../../src/policy/upstream-state.ts';
import { routesOf } from '../../../src/config/effective.ts';
import { exchangeOf, FakeClock, Notes, pseudonymOf } from './fixtures.ts';

function make(clock: FakeClock, written: Record<string, unknown>) {
  const config = upstream.parse({ origin: 'https://api.example', ...written });
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
});
