import { describe, expect, it } from 'vitest';
import type { BreakerOptions, Permit } from '../../../src/policy/breaker/breaker.ts';
import { breaker as breakerLayer } from '../../../src/policy/breaker/layer.ts';
import { BreakerRegistry } from '../../../src/policy/breaker/registry.ts';
import { compileScope } from '../../../src/policy/scope.ts';
import { BREAKER_OPTIONS, answered, exchangeOf, failed, FakeClock, Notes, pseudonymOf } from './fixtures.ts';

const OPTIONS: BreakerOptions = { ...BREAKER_OPTIONS, consecutive: 2 };

function make() {
  const clock = new FakeClock();
  const notes = new Notes();
  return { clock, notes, registry: new BreakerRegistry('api', clock, notes) };
}

describe('the breakers of an upstream', () => {
  it('are one for each host and name', () => {
    const { registry } = make();
    const own = registry.group('default', OPTIONS);
    const sends = registry.group('sends', OPTIONS);
    own(exchangeOf({ authority: 'a' })).trip();
    expect(
      [own(exchangeOf({ authority: 'a' })), own(exchangeOf({ authority: 'b' })), sends(exchangeOf({ authority: 'a' }))].map(({ state }) => state),
    ).toEqual(['open', 'closed', 'closed']);
    expect(registry.names).toEqual(['default', 'sends']);
  });

  it('are told apart by what their scope names: an overloaded model does not stop the others', () => {
    const { registry } = make();
    const scope = compileScope(['authority', 'model'], ['/v1beta/models/{model}:generateContent'], pseudonymOf);
    const own = registry.group('default', OPTIONS, scope);
    own(exchangeOf({ path: '/v1beta/models/pro:generateContent' })).trip();
    expect(own(exchangeOf({ path: '/v1beta/models/flash:generateContent' })).state).toBe('closed');
    expect(registry.list[0]).toMatchObject({ authority: 'api.example pro', state: 'open' });
  });

  it('keep their state through a reload where a route of another scope comes before theirs', () => {
    const before = make();
    before.registry
      .group(
        'default',
        OPTIONS,
      )(exchangeOf({ authority: 'a' }))
      .isolate();
    const after = make();
    after.registry.adopt(before.registry);
    const scope = compileScope(['authority', 'model'], ['/v1/{model}'], pseudonymOf);
    after.registry.group('default', OPTIONS, scope, 'authority model');
    const own = after.registry.group('default', OPTIONS);
    expect(own(exchangeOf({ authority: 'a' })).state).toBe('isolated');
  });

  it('can be acted on by hand, by name and host, before anyone has used them', () => {
    const { registry, notes } = make();
    const own = registry.group('default', OPTIONS);
    registry.act('default', 'isolate', 'a');
    expect(own(exchangeOf({ authority: 'a' })).admit()).toBeUndefined();
    expect(notes.transitions).toMatchObject([{ upstream: 'api', breaker: 'default', authority: 'a', to: 'isolated', cause: 'manual' }]);
    registry.act('default', 'reset');
    expect(own(exchangeOf({ authority: 'a' })).admit()).toBeDefined();
    expect(registry.named('other', 'a')).toBeUndefined();
  });

  it('are held open by hand until they are reset, those that come later and those after a reload too', () => {
    const { registry, clock, notes } = make();
    const own = registry.group('default', OPTIONS);
    const stateOf = (authority: string, of = own): string => of(exchangeOf({ authority })).state;
    expect(stateOf('a')).toBe('closed');
    registry.act('default', 'isolate');
    expect([stateOf('a'), stateOf('b')]).toEqual(['isolated', 'isolated']);
    registry.act('default', 'reset', 'b');
    const next = new BreakerRegistry('api', clock, notes);
    next.adopt(registry);
    const after = next.group('default', { ...OPTIONS, consecutive: 7 });
    expect(['a', 'b', 'c'].map((authority) => stateOf(authority, after))).toEqual(['isolated', 'closed', 'isolated']);
    expect(notes.transitions.map(({ authority, to }) => `${authority} ${to}`)).toEqual(['a isolated', 'b isolated', 'b closed', 'c isolated']);
    next.act('default', 'reset');
    expect(['a', 'c', 'd'].map((authority) => stateOf(authority, after))).toEqual(['closed', 'closed', 'closed']);
  });

  it('are held open before anyone has used them, and shown so', () => {
    const { registry } = make();
    const own = registry.group('default', OPTIONS);
    registry.act('default', 'isolate');
    expect(registry.list).toMatchObject([{ authority: '*', state: 'isolated' }]);
    expect(own(exchangeOf({ authority: 'a' })).state).toBe('isolated');
    expect(registry.list).toMatchObject([{ authority: 'a', state: 'isolated' }]);
  });

  it('are held open on one host with all that their scope tells apart there', () => {
    const { registry } = make();
    const scope = compileScope(['authority', 'model'], ['/v1/{model}'], pseudonymOf);
    const own = registry.group('default', OPTIONS, scope, 'authority model');
    const stateOf = (authority: string, model: string): string => own(exchangeOf({ authority, path: `/v1/${model}` })).state;
    expect(stateOf('a', 'pro')).toBe('closed');
    registry.act('default', 'isolate', 'a');
    expect([stateOf('a', 'pro'), stateOf('a', 'flash'), stateOf('b', 'pro')]).toEqual(['isolated', 'isolated', 'closed']);
    expect(registry.list).toHaveLength(3);
    registry.act('default', 'reset', 'a');
    expect([stateOf('a', 'pro'), stateOf('a', 'flash'), stateOf('a', 'lite')]).toEqual(['closed', 'closed', 'closed']);
  });

  it('survive a reload, those of groups that come later too', () => {
    const before = make();
    before.registry
      .group(
        'default',
        OPTIONS,
      )(exchangeOf({ authority: 'a' }))
      .isolate();
    before.registry
      .group(
        'sends',
        OPTIONS,
      )(exchangeOf({ authority: 'a' }))
      .trip();
    const after = make();
    const own = after.registry.group('default', OPTIONS);
    after.registry.adopt(before.registry);
    const sends = after.registry.group('sends', OPTIONS);
    expect([own(exchangeOf({ authority: 'a' })).state, sends(exchangeOf({ authority: 'a' })).state]).toEqual(['isolated', 'open']);
    expect(after.notes.transitions).toEqual([]);
  });

  it('hear after a reload of attempts that began before it', () => {
    const before = make();
    const { clock, notes } = before;
    const own = before.registry.group('default', OPTIONS)(exchangeOf());
    own.trip();
    clock.advance(OPTIONS.openForMs);
    const trial = own.admit() as Permit;
    const registry = new BreakerRegistry('api', clock, notes);
    const after = registry.group('default', { ...OPTIONS });
    registry.adopt(before.registry);
    before.registry.retire(registry);
    expect(after(exchangeOf()).admit()).toBeUndefined();
    own.report(trial, 'alive');
    expect([after(exchangeOf()).state, registry.list.map(({ state }) => state)]).toEqual(['closed', ['closed']]);
    expect(notes.transitions.map(({ to }) => to)).toEqual(['open', 'half-open', 'closed']);
  });

  it('tell of nothing any more where a reload has others of their name', () => {
    const { registry: before, clock, notes } = make();
    const own = before.group('default', OPTIONS)(exchangeOf());
    own.trip();
    clock.advance(OPTIONS.openForMs);
    const trial = own.admit() as Permit;
    const registry = new BreakerRegistry('api', clock, notes);
    const after = registry.group('default', { ...OPTIONS, consecutive: 9 });
    registry.adopt(before);
    before.retire(registry);
    own.report(trial, 'alive');
    expect(after(exchangeOf()).state).toBe('open');
    expect(notes.transitions.map(({ to }) => to)).toEqual(['open', 'half-open']);
  });

  it('hear of active probes of their host, also where nobody has asked for them yet', () => {
    const { registry } = make();
    const own = registry.group('default', OPTIONS);
    const scoped = registry.group('models', OPTIONS, (exchange) => `${exchange.authority} pro`);
    scoped(exchangeOf({ authority: 'a' }));
    registry.probed('a', false, 'refused', 20_000, 1);
    expect([own(exchangeOf({ authority: 'a' })).state, scoped(exchangeOf({ authority: 'a' })).state]).toEqual(['open', 'open']);
    expect(own(exchangeOf({ authority: 'b' })).state).toBe('closed');
    const later = registry.group('later', OPTIONS, (exchange) => `${exchange.authority} ${exchange.path}`);
    expect(later(exchangeOf({ authority: 'a', path: '/new' })).state).toBe('open');
    registry.probed('a', true, '', 20_000, 1);
    expect(later(exchangeOf({ authority: 'a', path: '/newer' })).state).toBe('closed');
  });

  it('observe where all their routes do: one that heeds them is enough', () => {
    const { registry } = make();
    registry.group('default', OPTIONS, undefined, 'authority', { name: 'reads', mode: 'observe' })(exchangeOf({ authority: 'a' }));
    expect(registry.list).toMatchObject([{ mode: 'observe', routes: ['reads'] }]);
    registry.group('default', OPTIONS, undefined, 'authority', { name: 'sends', mode: 'enforce' });
    expect(registry.list).toMatchObject([{ mode: 'enforce', routes: ['reads', 'sends'] }]);
  });

  it('share one where there is no end of hosts', () => {
    const { registry } = make();
    const own = registry.group('default', OPTIONS);
    for (let i = 0; i < 1000; i++) own(exchangeOf({ authority: `h${i}` }));
    expect(registry.list.length).toBeLessThanOrEqual(257);
  });
});

describe('a breaker as a layer', () => {
  function layer(observe: boolean, options: Partial<BreakerOptions> = {}) {
    const { clock, notes, registry } = make();
    const breakerOf = registry.group('default', { ...OPTIONS, ...options });
    return { clock, notes, breakerOf, of: breakerLayer({ breakerOf, observe, clock, observer: notes }) };
  }

  it('lets everything through when it only observes, and counts what it would have refused', async () => {
    const { notes, of } = layer(true);
    const run = of(() => Promise.resolve(failed()));
    for (let i = 0; i < 5; i++) expect(await run(exchangeOf())).toMatchObject({ code: 'connection_terminated' });
    expect(notes.would).toEqual(['breaker: refused', 'breaker: refused', 'breaker: refused']);
  });

  it('measures how long an answer takes to begin, where that matters', async () => {
    const { clock, notes, of } = layer(false, { slow: { afterMs: 500, ratio: 0.5 }, minimum: 2 });
    const run = of(() => {
      clock.advance(600);
      return Promise.resolve(answered(200));
    });
    await run(exchangeOf());
    await run(exchangeOf());
    expect(notes.transitions.map(({ cause }) => cause)).toEqual(['slow']);
  });

  it('says that it lets traffic back gradually, and is not to blame on the upstream', async () => {
    const { clock, breakerOf, of } = layer(false, { rampMs: 10_000 });
    breakerOf(exchangeOf()).trip();
    clock.advance(60_000);
    const run = of(() => Promise.resolve(answered(200)));
    await run(exchangeOf());
    await run(exchangeOf());
    clock.chance = 0.99;
    expect(await run(exchangeOf())).toMatchObject({
      own: true,
      replay: 'unsent',
      detail: 'the circuit breaker for api.example is letting traffic back gradually',
    });
  });
});
