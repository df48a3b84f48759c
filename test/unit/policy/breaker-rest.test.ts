import { describe, expect, it } from 'vitest';
import type { Permit } from '../../../src/policy/breaker/breaker.ts';
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

  it('closes after one more open time of good active probes, which then are not wanted any more', () => {
    const { clock, notes, registry } = make();
    registry.named('default', HOST)?.trip();
    registry.probed(HOST, true, '', 5000, 2);
    for (let second = 0; second < 60; second++) {
      clock.advance(1000);
      expect(registry.troubled(HOST)).toBe(true);
      registry.probed(HOST, true, '', 5000, 2);
    }
    expect(registry.troubled(HOST)).toBe(true);
    clock.advance(1000);
    registry.probed(HOST, true, '', 5000, 2);
    expect(registry.troubled(HOST)).toBe(false);
    expect(notes.transitions.map(({ to, cause }) => `${to} ${cause}`)).toEqual(['open manual', 'half-open active_probe', 'closed active_probe']);
    expect(registry.list).toMatchObject([{ state: 'closed', closedAt: clock.wallNow() }]);
  });

  it('has closed only where it was not closed before', () => {
    const { clock, registry, breaker } = make();
    breaker.reset();
    breaker.follow({ state: 'closed', openForMs: 0, askedForMs: 0, dueForMs: 0, reopened: 0 });
    expect(breaker.closedAt).toBeUndefined();
    breaker.isolate();
    breaker.reset();
    const closedAt = clock.wallNow();
    clock.advance(1000);
    breaker.reset();
    expect(registry.list).toMatchObject([{ state: 'closed', closedAt }]);
  });

  it('begins to wait anew where a probe fails, or a request comes', () => {
    const { clock, registry, breaker } = make();
    const good = (times: number): void => {
      for (let i = 0; i < times; i++) {
        clock.advance(1000);
        registry.probed(HOST, true, '', 5000, 2);
      }
    };
    breaker.trip();
    good(50);
    const permit = breaker.admit() as Permit;
    good(20);
    expect(breaker.state).toBe('half-open');
    breaker.report(permit, 'void');
    good(50);
    expect(breaker.state).toBe('half-open');
    registry.probed(HOST, false, 'refused', 5000, 2);
    expect(breaker.state).toBe('open');
    good(50);
    expect(breaker.state).toBe('half-open');
  });

  it('waits as long as it was open where a trial has shown that the probes see nothing of what fails', () => {
    const { clock, registry, breaker } = make();
    breaker.trip();
    clock.advance(60_000);
    breaker.report(breaker.admit() as Permit, 'failure', 'x');
    clock.advance(breaker.retryAfterMs);
    for (let second = 0; second <= 119; second++) {
      registry.probed(HOST, true, '', 5000, 2);
      clock.advance(1000);
    }
    expect(registry.troubled(HOST)).toBe(true);
    for (let second = 0; second <= 120; second++) {
      registry.probed(HOST, true, '', 5000, 2);
      clock.advance(1000);
    }
    expect(registry.troubled(HOST)).toBe(false);
  });

  it('closes where what it was for, a model, is never asked for again', () => {
    const { clock, registry } = make();
    const models = registry.group('model', BREAKER_OPTIONS, ({ authority, path }) => `${authority} ${path}`, 'authority {model}');
    models(exchangeOf({ authority: HOST, path: '/pro' })).trip();
    for (let second = 0; second < 70; second++) {
      registry.probed(HOST, true, '', 5000, 2);
      clock.advance(1000);
    }
    expect(registry.troubled(HOST)).toBe(false);
  });

  it('is not taken over by a reload that tells its kind apart otherwise: no request could reach it', () => {
    const before = make();
    before.breaker.trip();
    const after = new BreakerRegistry('api', before.clock, before.notes);
    after.group('default', BREAKER_OPTIONS, ({ authority, path }) => `${authority} ${path}`, 'authority {model}');
    after.adopt(before.registry);
    expect([after.list, after.troubled(HOST)]).toEqual([[], false]);
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
