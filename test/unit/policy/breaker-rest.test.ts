import { describe, expect, it } from 'vitest';
import { BreakerRegistry } from '../../../src/policy/breaker/registry.ts';
import { BREAKER_OPTIONS, exchangeOf, FakeClock, Notes } from './fixtures.ts';

const HOST = 'api.example';

function make() {
  const clock = new FakeClock();
  const notes = new Notes();
  const registry = new BreakerRegistry('api', clock, notes);
  const breaker = registry.group('default', BREAKER_OPTIONS)(exchangeOf({ authority: HOST }));
  return { clock, notes, registry, breaker };
}

describe('a breaker that nobody calls', () => {
  it('is shown half-open once its time is over, and has changed only when a request tries it', () => {
    const { clock, notes, registry, breaker } = make();
    breaker.trip();
    clock.advance(59_999);
    expect(registry.list).toMatchObject([{ state: 'open', retryAfterMs: 1 }]);
    clock.advance(1);
    expect(registry.list).toMatchObject([{ state: 'half-open', retryAfterMs: 0 }]);
    expect(notes.transitions.map(({ to }) => to)).toEqual(['open']);
    breaker.admit();
    expect(notes.transitions.map(({ to, cause }) => `${to} ${cause}`)).toEqual(['open manual', 'half-open elapsed']);
  });

  it('is shown open as long as failing active probes keep it so', () => {
    const { clock, registry, breaker } = make();
    breaker.trip();
    clock.advance(50_000);
    registry.probed(HOST, false, 'refused', 20_000, 2);
    clock.advance(15_000);
    expect(registry.list).toMatchObject([{ state: 'open', retryAfterMs: 5000 }]);
  });
});
