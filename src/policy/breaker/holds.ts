import { hostOfScope } from '../../model/hosts.ts';

/** Which breakers of one name are held open by hand, those that nobody has asked for yet too. */
interface Hold {
  all: boolean;
  /** What was said of a host, or of one breaker, since. */
  readonly apart: Map<string, boolean>;
}

/** The holds of one breaker's name, as plain data. */
export interface HoldNews {
  readonly breaker: string;
  readonly all: boolean;
  readonly apart: readonly (readonly [authority: string, held: boolean])[];
}

/** What `isolate` has said of the breakers of one upstream: it holds those that come later as well, until they are reset. */
export class Holds {
  readonly #holds = new Map<string, Hold>();

  /** Holds, or releases, the breakers of a name, or those of one host alone. */
  set(breaker: string, authority: string | undefined, held: boolean): void {
    if (authority === undefined) {
      this.#holds.delete(breaker);
      if (held) this.#holds.set(breaker, { all: true, apart: new Map() });
      return;
    }
    const hold = this.#holds.get(breaker) ?? { all: false, apart: new Map() };
    const host = hostOfScope(authority);
    // what is said of a host is said of all that is told apart on it
    if (host === authority) for (const key of hold.apart.keys()) if (key !== host && hostOfScope(key) === host) hold.apart.delete(key);
    const without = host === authority ? hold.all : (hold.apart.get(host) ?? hold.all);
    if (held !== without) hold.apart.set(authority, held);
    else hold.apart.delete(authority);
    if (hold.all || hold.apart.size > 0) this.#holds.set(breaker, hold);
    else this.#holds.delete(breaker);
  }

  /** Whether one that is made now is held. `host` is that of its scope. */
  holds(breaker: string, authority: string, host: string): boolean {
    const hold = this.#holds.get(breaker);
    return hold !== undefined && (hold.apart.get(authority) ?? hold.apart.get(host) ?? hold.all);
  }

  /** Whether all of a name are, but for those that were released apart. */
  all(breaker: string): boolean {
    return this.#holds.get(breaker)?.all === true;
  }

  /** Everything, for one that takes its place. */
  export(): HoldNews[] {
    return [...this.#holds].map(([breaker, { all, apart }]) => ({ breaker, all, apart: [...apart] }));
  }

  /** Takes over what another one knew of breakers that `known` names. */
  adopt(news: readonly HoldNews[], known: (breaker: string) => boolean): void {
    for (const { breaker, all, apart } of news) if (known(breaker)) this.#holds.set(breaker, { all, apart: new Map(apart) });
  }
}
