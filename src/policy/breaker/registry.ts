import type { Clock } from '../../model/clock.ts';
import type { BreakerState, Observer } from '../../model/events.ts';
import { Breaker, type BreakerOptions } from './breaker.ts';

/** Where a breaker stands, for those who show it. */
export interface BreakerStatus {
  readonly upstream: string;
  readonly breaker: string;
  readonly authority: string;
  readonly state: BreakerState;
  readonly retryAfterMs: number;
}

/** Hosts per breaker that are kept apart; past it, as with a pattern that matches no end of names, they share one. */
const MAX_AUTHORITIES = 256;

/** The breakers of one upstream by name (`default`, or a group), one for each of its hosts: these fail apart. */
export class BreakerRegistry {
  readonly #upstream: string;
  readonly #clock: Clock;
  readonly #observer: Observer;
  readonly #groups = new Map<string, Map<string, Breaker>>();

  constructor(upstream: string, clock: Clock, observer: Observer) {
    this.#upstream = upstream;
    this.#clock = clock;
    this.#observer = observer;
  }

  /** How a route finds its breaker: by the authority of an exchange. Routes of one name share them, with the options of the first. */
  group(name: string, options: BreakerOptions): (authority: string) => Breaker {
    const breakers = this.#groups.get(name) ?? new Map<string, Breaker>();
    this.#groups.set(name, breakers);
    return (authority) => breakers.get(authority) ?? this.#make(name, options, breakers, breakers.size < MAX_AUTHORITIES ? authority : '*');
  }

  /** All breakers that have been asked for. */
  get list(): BreakerStatus[] {
    return [...this.#groups].flatMap(([breaker, byAuthority]) =>
      [...byAuthority].map(([authority, { state, retryAfterMs }]) => ({ upstream: this.#upstream, breaker, authority, state, retryAfterMs })),
    );
  }

  /** The breakers of a name, to act on them by hand. */
  named(name: string): Breaker[] {
    return [...(this.#groups.get(name)?.values() ?? [])];
  }

  #make(name: string, options: BreakerOptions, breakers: Map<string, Breaker>, authority: string): Breaker {
    const known = breakers.get(authority);
    if (known !== undefined) return known;
    const breaker = new Breaker(options, this.#clock, (from, to, reason) => {
      this.#observer.breakerChanged({ upstream: this.#upstream, breaker: name, authority, from, to, reason, cause: 'manual' });
    });
    breakers.set(authority, breaker);
    return breaker;
  }
}
