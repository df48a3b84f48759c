import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../model/clock.ts';
import type { Observer } from '../../model/events.ts';
import type { Exchange } from '../../model/exchange.ts';
import type { BreakerMode, BreakerReading } from '../../model/status.ts';
import type { Scope } from '../scope.ts';
import type { BreakerNews, ProbeNews, UpstreamSharing } from '../sharing.ts';
import { hostOfScope } from '../../model/hosts.ts';
import { Breaker, type BreakerListener, type BreakerOptions, type BreakerSharing } from './breaker.ts';
import { type HoldNews, Holds } from './holds.ts';

/** A breaker of a registry whose place another takes. */
interface Former {
  readonly name: string;
  readonly key: string;
  readonly group: Group;
  readonly own: Breaker;
}

/** Breakers of one name that are kept apart; past it, as with a pattern that matches no end of hosts, they share one. */
const MAX_APART = 256;
/** The name that this one has. */
const EVERY = '*';

/** Active probes of a host that failed in a row. */
interface FailedProbes {
  readonly count: number;
  readonly what: string;
  readonly leaseMs: number;
  readonly atLeast: number;
}

/** A route that finds its breaker among those of a group. */
interface BreakerRoute {
  readonly name: string;
  readonly mode: BreakerMode;
}

interface Group {
  readonly options: BreakerOptions;
  /** Whether more than the host tells its breakers apart. */
  readonly scoped: boolean;
  /** What tells them apart, as each route writes it. */
  readonly scopes: Set<string>;
  /** Routes that find their breaker here, and whether it refuses on each. */
  readonly routes: Map<string, BreakerMode>;
  readonly breakers: Map<string, Breaker>;
}

/** The breakers of one upstream by name (`default`, or a group), one for each of its hosts, or of what else its scope tells apart: these fail apart. */
export class BreakerRegistry {
  readonly #upstream: string;
  readonly #clock: Clock;
  readonly #observer: Observer;
  readonly #groups = new Map<string, Group>();
  /** Undefined where this process is the only one. */
  readonly #sharing: UpstreamSharing | undefined;
  #probesUntold: ProbeNews[] = [];
  readonly #failedProbes = new Map<string, FailedProbes>();
  /** Those of the registry before for groups and scopes that have not been named yet. */
  #adopted: Former[] = [];
  readonly #holds = new Holds();

  constructor(upstream: string, clock: Clock, observer: Observer, sharing?: UpstreamSharing) {
    this.#sharing = sharing;
    this.#upstream = upstream;
    this.#clock = clock;
    this.#observer = observer;
  }

  /** How a route finds its breaker. Routes of one name share them, and have the same options. Without a scope, whose parts `parts` names, there is one for each host. */
  group(name: string, options: BreakerOptions, scope?: Scope, parts = 'authority', route?: BreakerRoute): (exchange: Exchange) => Breaker {
    const group = this.#groups.get(name) ?? newGroup(options, scope !== undefined);
    this.#groups.set(name, group);
    group.scopes.add(parts);
    if (route !== undefined) group.routes.set(route.name, route.mode);
    this.#takeOver(this.#adopted);
    const { breakers } = group;
    return (exchange) => {
      const key = scope === undefined ? exchange.authority : scope(exchange);
      return breakers.get(key) ?? this.#make(name, group, key);
    };
  }

  /** Names of the breakers of this upstream, whether or not they have been used yet. */
  get names(): string[] {
    return [...this.#groups.keys()];
  }

  /** All breakers that have been asked for. Where a name is held open by hand before any was, one stands for all hosts (`*`). */
  get list(): BreakerReading[] {
    return [...this.#groups].flatMap(([breaker, group]): BreakerReading[] => {
      const shared = { upstream: this.#upstream, breaker, routes: [...group.routes.keys()], mode: modeOf(group) };
      if (group.breakers.size === 0 && this.#holds.all(breaker))
        return [{ ...shared, authority: EVERY, state: 'isolated', retryAfterMs: group.options.openForMs }];
      return [...group.breakers].map(([authority, { shown: state, retryAfterMs, closedAt }]) => {
        return { ...shared, authority, state, retryAfterMs, closedAt };
      });
    });
  }

  /** Whether a breaker of a host is open, or half-open. */
  troubled(authority: string): boolean {
    for (const { breakers } of this.#groups.values())
      for (const [key, { state }] of breakers) if (hostOfScope(key) === authority && (state === 'open' || state === 'half-open')) return true;
    return false;
  }

  /** The one breaker of a name and host, or of what else its scope names; made where nobody has asked for it yet. Undefined where there is none of that name. */
  named(name: string, authority: string): Breaker | undefined {
    const group = this.#groups.get(name);
    return group === undefined ? undefined : (group.breakers.get(authority) ?? this.#make(name, group, authority));
  }

  /** Acts by hand on the breakers of a name, all of them or those of one host. What is isolated stays so until it is acted on again: those that are made later are held too. */
  act(name: string, action: 'trip' | 'reset' | 'isolate', authority?: string): void {
    const group = this.#groups.get(name);
    if (group === undefined) return;
    const every = authority === undefined || (authority === EVERY && !group.breakers.has(EVERY));
    const found = every ? [...group.breakers.values()] : this.#ofHost(name, group, authority);
    this.#holds.set(name, every ? undefined : authority, action === 'isolate');
    for (const breaker of found) breaker[action]();
  }

  /** What is held by hand, for the breakers of another process. */
  get holds(): HoldNews[] {
    return this.#holds.export();
  }

  /** Holds what was held by hand in another process. */
  hold(news: readonly HoldNews[]): void {
    this.#holds.adopt(news, () => true);
    for (const [name, { breakers }] of this.#groups)
      for (const [key, own] of breakers) if (this.#isHeld(name, key) && own.state !== 'isolated') own.isolate();
  }

  /** Tells every breaker of a host what an active probe of it found; see `Breaker.probed`. Those that share them hear of it too. */
  probed(authority: string, ok: boolean, what: string, leaseMs: number, atLeast: number): void {
    if (this.#sharing !== undefined) {
      this.#probesUntold.push({ authority, ok, what, leaseMs, atLeast });
      this.#sharing.dirty();
    }
    this.#probed({ authority, ok, what, leaseMs, atLeast }, true);
  }

  /** What the breakers have seen, and active probes found, that those of other processes have yet to hear. */
  takeUntold(): { readonly breakers: BreakerNews[]; readonly probes: ProbeNews[] } {
    const breakers: BreakerNews[] = [];
    for (const [breaker, group] of this.#groups)
      for (const [authority, own] of group.breakers) {
        const seen = own.takeSightings();
        if (seen !== undefined) breakers.push({ ...seen, breaker, authority });
      }
    const probes = this.#probesUntold;
    this.#probesUntold = [];
    return { breakers, probes };
  }

  /** What was seen in another process. */
  hear(breakers: readonly BreakerNews[], probes: readonly ProbeNews[]): void {
    for (const news of breakers) this.named(news.breaker, news.authority)?.hear(news);
    for (const found of probes) this.#probed(found, false);
  }

  #probed({ authority, ok, what, leaseMs, atLeast }: ProbeNews, own: boolean): void {
    const count = ok ? 0 : (this.#failedProbes.get(authority)?.count ?? 0) + 1;
    this.#failedProbes.set(authority, { count, what, leaseMs, atLeast });
    for (const [name, group] of this.#groups) {
      if (!group.scoped && !group.breakers.has(authority)) this.#make(name, group, authority);
      for (const [key, breaker] of group.breakers) if (hostOfScope(key) === authority) breaker.probed(ok, what, leaseMs, atLeast, own);
    }
  }

  /**
   * Takes over the breakers of the same names and scopes from the registry before a reload: no request could reach others. The very same where their options are, since attempts that are under way
   * still report there; else what they are now. Those of groups and scopes that come later are remembered until then.
   */
  adopt(previous: BreakerRegistry): void {
    this.#holds.adopt(previous.holds, (name) => previous.#groups.has(name));
    this.#takeOver([...previous.#groups].flatMap(([name, group]) => [...group.breakers].map(([key, own]) => ({ name, key, group, own }))));
  }

  /** Another has taken its place: what its own breakers still do concerns nobody. */
  retire(next: BreakerRegistry | undefined): void {
    const kept = new Set(next === undefined ? [] : [...next.#groups.values()].flatMap(({ breakers }) => [...breakers.values()]));
    for (const { breakers } of this.#groups.values()) for (const breaker of breakers.values()) if (!kept.has(breaker)) breaker.retire();
  }

  #takeOver(formers: readonly Former[]): void {
    this.#adopted = [];
    for (const one of formers) {
      const group = this.#groups.get(one.name);
      if (group === undefined || [...one.group.scopes].every((parts) => !group.scopes.has(parts))) this.#adopted.push(one);
      else if (group.breakers.has(one.key)) continue;
      else if (isDeepStrictEqual(one.group.options, group.options)) group.breakers.set(one.key, one.own);
      else this.#make(one.name, group, one.key, false).adopt(one.own.export());
    }
  }

  /** Those of a host, or the one that a scope names in full. A host alone names none where a scope tells more apart. */
  #ofHost(name: string, group: Group, authority: string): Breaker[] {
    if (!group.breakers.has(authority) && (!group.scoped || hostOfScope(authority) !== authority)) this.#make(name, group, authority);
    return [...group.breakers].flatMap(([key, own]) => (key === authority || hostOfScope(key) === authority ? [own] : []));
  }

  #isHeld(name: string, authority: string): boolean {
    return this.#holds.holds(name, authority, hostOfScope(authority));
  }

  /** `held`: whether it is held where others of its name are; one that goes on as another one was is as that one was. */
  #make(name: string, { options, breakers }: Group, key: string, held = true): Breaker {
    const authority = breakers.size < MAX_APART ? key : EVERY;
    const known = breakers.get(authority);
    if (known !== undefined) return known;
    const told: BreakerListener = (from, to, reason, cause) => {
      this.#observer.breakerChanged({ upstream: this.#upstream, breaker: name, authority, from, to, reason, cause });
    };
    const sharing = this.#sharing;
    const breaker = new Breaker(options, this.#clock, told, sharing === undefined ? undefined : sharingOf(sharing, name, authority));
    breakers.set(authority, breaker);
    const probes = this.#failedProbes.get(hostOfScope(authority));
    if (probes !== undefined && probes.count >= probes.atLeast) breaker.probed(false, probes.what, probes.leaseMs, 1);
    if (held && this.#isHeld(name, authority)) breaker.isolate();
    return breaker;
  }
}

/** One route that heeds a breaker is enough for its being open to matter. */
function modeOf({ routes }: Group): BreakerMode {
  const modes = [...routes.values()];
  return modes.length > 0 && modes.every((mode) => mode === 'observe') ? 'observe' : 'enforce';
}

function newGroup(options: BreakerOptions, scoped: boolean): Group {
  return { options, scoped, scopes: new Set(), routes: new Map(), breakers: new Map() };
}

/** How one breaker reaches those of other processes. */
function sharingOf(sharing: UpstreamSharing, name: string, authority: string): BreakerSharing {
  return {
    dirty: () => sharing.dirty(),
    claim: (purpose) => sharing.claimProbes(name, authority, purpose),
    prolonged: () => sharing.prolonged(name, authority),
  };
}
