import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { App } from '../../../src/app/app.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Config, UpstreamConfig } from '../../../src/config/schema.ts';
import type { RetryDecision } from '../../../src/model/events.ts';
import { type Blackhole, blackhole } from '../../simulators/blackhole.ts';
import { type Simulators, startSimulators } from '../../simulators/start.ts';
import { scratchDirectory } from '../../support/scratch.ts';
import { HOLE, planLookups } from './names.ts';
import type { UpstreamName } from './routes.ts';
import { hurried, written } from './settings.ts';

/** One decision on a retry, as the policies reported it. */
export interface Decided {
  readonly decision: RetryDecision;
  readonly reason: string;
  readonly delayMs: number;
}

/** The product in front of simulators, for one case at a time. */
export class Rig implements AsyncDisposable {
  readonly sim: Simulators;
  readonly app: App;
  /** Of the certificate authority that intercepts. */
  readonly ca: string;
  readonly decided: Decided[] = [];
  readonly #upstream: UpstreamName;
  readonly #base: Config;
  readonly #scratch: AsyncDisposable;
  readonly #waiting = new Map<string, () => void>();
  #hole: Blackhole | undefined;
  #host = '';
  #hosts = 0;
  #limit: string | undefined;

  private constructor(sim: Simulators, app: App, ca: string, upstream: UpstreamName, base: Config, scratch: AsyncDisposable) {
    this.sim = sim;
    this.app = app;
    this.ca = ca;
    this.#upstream = upstream;
    this.#base = base;
    this.#scratch = scratch;
    this.#listen();
  }

  static async start(upstream: UpstreamName): Promise<Rig> {
    const [sim, scratch] = await Promise.all([startSimulators(), scratchDirectory()]);
    sim.supabase.seed('notes', [], { columns: ['id', 'text'] });
    sim.supabase.define('add', ({ a, b }) => Number(a) + Number(b));
    const file = join(scratch.path, 'proxy.yaml');
    writeFileSync(file, stringify(written(sim, upstream)));
    const loaded = loadConfig(file, {});
    if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
    // not watched: each case brings settings of its own
    const app = await App.start({ loaded: { ...loaded, file: undefined, watched: [] }, env: {}, logTo: 1 });
    const { caPem } = await app.authority();
    return new Rig(sim, app, caPem, upstream, loaded.config, scratch);
  }

  get port(): number {
    return Number(new URL(this.app.proxyUrl).port);
  }

  /**
   * Puts the preset to work with one limit made short, unless it is. Gives the name that is dialled: with `fresh`, one that nobody has looked up yet, since the last
   * good answer covers for a resolver that fails.
   */
  async prepare(limit: string | undefined, fresh: boolean): Promise<string> {
    if (this.#host !== '' && limit === this.#limit && !fresh) return this.#host;
    this.#limit = limit;
    this.#host = this.#newHost();
    await this.#apply(this.#settings(this.#host, limit));
    return this.#host;
  }

  /** Takes one change of the upstream's settings, until the next `prepare` of another limit. */
  async configure(change: (one: UpstreamConfig) => UpstreamConfig): Promise<void> {
    this.#host = this.#newHost();
    await this.#apply(change(this.#settings(this.#host, undefined)));
    this.#limit = 'changed';
  }

  #newHost(): string {
    const host = `rig-${this.sim[this.#upstream].port}-${++this.#hosts}.test`;
    planLookups(host, 'finds');
    return host;
  }

  #settings(host: string, limit: string | undefined): UpstreamConfig {
    const one = this.#base.upstreams[this.#upstream];
    if (one === undefined) throw new Error(`no upstream ${this.#upstream}`);
    return hurried(one, `${host}:${this.sim[this.#upstream].port}`, limit);
  }

  #apply(one: UpstreamConfig): Promise<void> {
    return this.app.apply({ ...this.#base, upstreams: { [this.#upstream]: one } });
  }

  /** Lets connections to the address of the black hole hang. */
  async swallow(): Promise<void> {
    if (this.#hole !== undefined) return;
    this.#hole = blackhole(this.sim[this.#upstream].port, HOLE);
    await this.#hole.listening;
    await this.#hole.full();
  }

  /** Settles when the exchange with this id has ended. To be asked before it is sent. */
  ended(id: string): Promise<void> {
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  /** Takes away what the last case left: faults, records, connections. */
  async clear(): Promise<void> {
    const sim = this.sim[this.#upstream];
    sim.heal();
    sim.cut();
    sim.forget();
    this.sim.supabase.database.table('notes').rows = [];
    this.decided.length = 0;
    while (this.app.generation.runtimes.some(({ pools }) => pools.stats.open > 0)) await new Promise(setImmediate);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.sim[this.#upstream].cut();
    await this.app.stop(0);
    await this.#hole?.[Symbol.asyncDispose]();
    await this.sim[Symbol.asyncDispose]();
    await this.#scratch[Symbol.asyncDispose]();
  }

  /** Hears what the policies report, on its way to the counts. */
  #listen(): void {
    const { telemetry } = this.app;
    const decided = telemetry.retryDecided.bind(telemetry);
    telemetry.retryDecided = (exchange, decision, reason, delayMs = 0) => {
      this.decided.push({ decision, reason, delayMs });
      decided(exchange, decision, reason);
    };
    const ended = telemetry.exchangeEnded.bind(telemetry);
    telemetry.exchangeEnded = (exchange, elapsedMs) => {
      ended(exchange, elapsedMs);
      this.#waiting.get(exchange.id)?.();
      this.#waiting.delete(exchange.id);
    };
  }
}
