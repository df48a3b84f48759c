import type { UpstreamSharing } from '../../policy/sharing.ts';
import type { UpstreamState } from '../../policy/upstream-state.ts';
import type { Link } from './link.ts';
import { type BreakerPlace, type News, PATIENCE_MS, type PrimaryCalls, type ProbeClaim, type WorkerCalls } from './protocol.ts';

/** Between two tellings, at least; what comes first after a rest is told at once. Milliseconds. */
const GAP_MS = 5;
/** How often counts that nobody waits for are told. Milliseconds. */
const EVERY_MS = 100;
/** How long a refused leave to let probes through is not asked for again. Milliseconds. */
const REFUSED_MS = 20;

/** A worker's upstreams by name, whichever configuration is at work. */
export type StateOf = (upstream: string) => UpstreamState | undefined;

/** Tells the other workers what this one's policies see, in batches, and asks them what they know. */
export class Share {
  readonly #link: Link<PrimaryCalls, WorkerCalls>;
  readonly #names: () => readonly string[];
  readonly #stateOf: StateOf;
  readonly #claims = new Map<string, Promise<number | undefined>>();
  readonly #timer: NodeJS.Timeout;
  #dirty = new Set<string>();
  #scheduled = false;
  #toldAt = -Infinity;

  constructor(link: Link<PrimaryCalls, WorkerCalls>, names: () => readonly string[], stateOf: StateOf) {
    this.#link = link;
    this.#names = names;
    this.#stateOf = stateOf;
    this.#timer = setInterval(() => this.flush(), EVERY_MS).unref();
  }

  /** The way of one upstream's policies to those of the others. */
  of(upstream: string): UpstreamSharing {
    return {
      dirty: () => this.#mark(upstream),
      claimProbes: (breaker, authority, purpose) => this.#claim({ place: { upstream, breaker, authority }, purpose }),
      prolonged: (breaker, authority) => this.#prolonged({ upstream, breaker, authority }),
      claimSent: (owner, key, waitMs) => this.#link.ask('claimSent', { upstream, owner, key, waitMs }, waitMs + PATIENCE_MS),
    };
  }

  /** Takes in what another worker told. */
  hear(news: News, from: number): void {
    for (const one of news) this.#stateOf(one.upstream)?.hear(one.news, from);
  }

  /** Tells what there is to tell now. */
  flush(): void {
    this.#tell(this.#names());
  }

  /** Tells no more. */
  close(): void {
    clearInterval(this.#timer);
  }

  #mark(upstream: string): void {
    this.#dirty.add(upstream);
    if (this.#scheduled) return;
    this.#scheduled = true;
    const waitMs = this.#toldAt + GAP_MS - performance.now();
    if (waitMs <= 0) setImmediate(this.#flush);
    else setTimeout(this.#flush, waitMs);
  }

  readonly #flush = (): void => {
    const dirty = this.#dirty;
    this.#dirty = new Set();
    this.#scheduled = false;
    this.#toldAt = performance.now();
    this.#tell(dirty);
  };

  #tell(upstreams: Iterable<string>): void {
    const news: { upstream: string; news: News[number]['news'] }[] = [];
    for (const upstream of upstreams) {
      const found = this.#stateOf(upstream)?.takeNews();
      if (found !== undefined) news.push({ upstream, news: found });
    }
    if (news.length > 0) this.#link.tell('news', news);
  }

  #prolonged(place: BreakerPlace): void {
    const own = this.#stateOf(place.upstream)?.breakers.named(place.breaker, place.authority);
    if (own !== undefined) this.#link.tell('prolonged', { ...place, ...own.position });
  }

  /** One question for all who ask at once, and none for a moment after it was refused: an open breaker must stay cheap. */
  #claim(claim: ProbeClaim): Promise<number | undefined> {
    const { place, purpose } = claim;
    const key = `${purpose} ${place.upstream} ${place.breaker} ${place.authority}`;
    const asked = this.#claims.get(key);
    if (asked !== undefined) return asked;
    const forget = (): void => void this.#claims.delete(key);
    const leave = this.#link.ask('claimProbes', claim, PATIENCE_MS).catch(() => undefined);
    this.#claims.set(key, leave);
    void leave.then((good) => (good === undefined ? setTimeout(forget, REFUSED_MS).unref() : forget()));
    return leave;
  }
}
