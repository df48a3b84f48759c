import { hkdfSync } from 'node:crypto';
import type { Loaded } from '../../config/load.ts';
import type { BreakerTransition } from '../../model/events.ts';
import type { Breaker } from '../../policy/breaker/breaker.ts';
import type { UpstreamState } from '../../policy/upstream-state.ts';
import { App } from '../app.ts';
import type { Seat } from '../seat.ts';
import { divided } from './divide.ts';
import { type Handlers, Link, type Wire } from './link.ts';
import {
  type BreakerPlace,
  type PlacedPosition,
  PATIENCE_MS,
  type PrimaryCalls,
  type StartOrder,
  type WorkerCalls,
  type WorkerSnapshot,
} from './protocol.ts';
import { Share } from './share.ts';

/** Length of the keys of session tickets, as TLS wants it. */
const TICKET_BYTES = 48;
/** How long the answer of a write waits for the other workers to drop what it made stale, in milliseconds. */
const DROP_MS = 2 * PATIENCE_MS;

/** One worker: an app that the primary starts, asks and stops. */
export class Worker {
  readonly #link: Link<PrimaryCalls, WorkerCalls>;
  readonly #share: Share;
  #order: StartOrder | undefined;
  #app: App | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<boolean> | undefined;

  constructor(wire: Wire) {
    this.#link = new Link(wire, this.#handlers(), (error) => this.#running.telemetry.internalError(error));
    this.#share = new Share(
      this.#link,
      () => this.#app?.generation.runtimes.map(({ name }) => name) ?? [],
      (upstream) => this.#stateOf(upstream),
    );
  }

  /** Stops, once; whether nothing had to be cut. */
  stop(drainMs: number): Promise<boolean> {
    return (this.#stopping ??= this.#stop(drainMs));
  }

  /** The primary is gone: nothing is waited for from there, and everything is cut. */
  async abandon(): Promise<void> {
    this.#link.close();
    await this.stop(0);
  }

  /** Whether it was told to stop. */
  get stopped(): boolean {
    return this.#stopping !== undefined;
  }

  async #stop(drainMs: number): Promise<boolean> {
    await this.#starting?.catch(() => undefined);
    const clean = (await this.#app?.stop(drainMs)) ?? true;
    this.#share.close();
    return clean;
  }

  #handlers(): Handlers<WorkerCalls> {
    return {
      start: (order) => (this.#starting = this.#start(order)),
      apply: (config) => this.#running.apply(divided(config, this.#seatNumbers)),
      stop: (drainMs) => this.stop(drainMs),
      cover: (address, socket) => (socket === undefined ? undefined : this.#running.plane?.cover(address, socket)),
      uncover: () => this.#running.plane?.uncover(),
      snapshot: () => this.#snapshot(),
      exchanges: (query) => this.#running.telemetry.journal.list(query),
      hear: ({ news, from }) => this.#share.hear(news, from),
      follow: ({ position, own }) => this.#follow(position, own),
      prolong: (position) => this.#breaker(position)?.prolong(position),
      act: ({ upstream, breaker, action, authority }) => this.#stateOf(upstream)?.breakers.act(breaker, action, authority),
      hold: ({ upstream, holds }) => this.#stateOf(upstream)?.breakers.hold(holds),
      openQuotas: ({ upstream, scope }) => this.#running.view.openQuotas(upstream, scope),
      yieldProbes: ({ place, purpose }) => this.#breaker(place)?.yield(purpose),
      releaseSent: ({ upstream, key, waitMs }) => {
        const state = this.#stateOf(upstream);
        return state?.sends()?.release(state.ledger(), key, waitMs);
      },
      dropped: async (tags) => void (await this.#app?.cache.dropped(tags)),
      cacheList: ({ limit, filter }) => this.#running.cache.admin.list(limit, filter),
      cacheInspect: (url) => this.#running.cache.admin.inspect(url),
      cachePurge: (request) => this.#running.cache.admin.purge(request),
      cacheChains: () => this.#running.cache.admin.chains(),
    };
  }

  async #start(order: StartOrder): Promise<void> {
    this.#order = order;
    const loaded: Loaded = { ...order.loaded, config: divided(order.loaded.config, order.seat) };
    this.#app = await App.start({ loaded, env: {}, logTo: 1, seat: this.#seat(order) });
  }

  #seat({ seat, secret, kept }: StartOrder): Seat {
    return {
      secret: Buffer.from(secret),
      ticketKeys: Buffer.from(hkdfSync('sha256', secret, '', 'breakwater session tickets', TICKET_BYTES)),
      probes: seat.index === 0,
      kept,
      sharingFor: (upstream) => this.#share.of(upstream),
      // a worker that does not answer holds back no write: what it has stored goes stale by itself
      tellOthers: (tags) => this.#link.ask('drop', tags, DROP_MS).catch(() => undefined),
      socketOf: async (asked) => (await this.#link.ask('socket', asked, 10 * PATIENCE_MS)).socket,
      breakerChanged: (transition) => this.#changed(transition),
    };
  }

  #changed(transition: BreakerTransition): void {
    const { upstream, breaker, authority } = transition;
    const own = this.#breaker(transition);
    if (own === undefined) return;
    this.#link.tell('transition', { transition, position: { upstream, breaker, authority, ...own.position } });
  }

  /** What comes back of this worker's own change is no news, unless something else came in between. */
  #follow(position: PlacedPosition, own: boolean): void {
    const breaker = this.#breaker(position);
    if (breaker === undefined) return;
    if (!own || (breaker.state !== position.state && position.state !== 'half-open')) breaker.follow(position);
  }

  #snapshot(): WorkerSnapshot {
    // what is shown of this worker the others know too
    this.#share.flush();
    const { telemetry, view, listeners, generation } = this.#running;
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    return {
      stats: telemetry.stats.export(performance.now()),
      upstreams: view.upstreams(),
      breakerNames: generation.runtimes.flatMap(({ name, breakerNames }) => breakerNames.map((breaker) => ({ upstream: name, breaker }))),
      listeners,
      cache: view.cache(),
      authority: view.authority(),
      cpuSeconds: (user + system) / 1e6,
      activeSeconds: performance.eventLoopUtilization().active / 1000,
      rssBytes: rss,
      heapBytes: heapUsed,
    };
  }

  #breaker({ upstream, breaker, authority }: BreakerPlace): Breaker | undefined {
    return this.#stateOf(upstream)?.breakers.named(breaker, authority);
  }

  #stateOf(upstream: string): UpstreamState | undefined {
    return this.#app?.generation.runtimes.find(({ name }) => name === upstream)?.state;
  }

  get #running(): App {
    if (this.#app === undefined) throw new Error('the worker has not started');
    return this.#app;
  }

  get #seatNumbers(): StartOrder['seat'] {
    if (this.#order === undefined) throw new Error('the worker has not started');
    return this.#order.seat;
  }
}
