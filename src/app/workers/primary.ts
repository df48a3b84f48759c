import { randomBytes } from 'node:crypto';
import { cacheRoutes } from '../../admin/api/cache-routes.ts';
import { type AdminServer, startAdmin } from '../../admin/server.ts';
import type { BreakerAction, Readiness } from '../../admin/view.ts';
import type { Loaded } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import type { ListenAddress } from '../../listen/ports.ts';
import { systemClock } from '../../model/clock.ts';
import type { AuthorityReading, ConfigReading } from '../../model/status.ts';
import type { ExchangeSummary, JournalQuery } from '../../telemetry/journal.ts';
import { createLog, type Log } from '../../telemetry/log.ts';
import { Telemetry } from '../../telemetry/telemetry.ts';
import type { CertificateAuthority } from '../../tls/authority.ts';
import type { AppOptions } from '../app.ts';
import { cacheNamesOf } from '../cache-names.ts';
import { OwnAuthority } from '../own-authority.ts';
import { addressesOf, bundlePath, localUrl } from '../paths.ts';
import { Reloader } from '../reload.ts';
import type { Running } from '../running.ts';
import { Holds } from '../../policy/breaker/holds.ts';
import { version } from '../version.ts';
import { Board } from './board.ts';
import { CacheOfAll } from './cache-of-all.ts';
import { type CacheCounts, Counts } from './counts.ts';
import { Crew } from './crew.ts';
import { handlersFor } from './handlers.ts';
import type { Member } from './member.ts';
import { MergedView } from './merged-view.ts';
import { PATIENCE_MS, type WorkerSnapshot } from './protocol.ts';
import { workerSeries } from './series.ts';
import { Sockets } from './sockets.ts';

/** How long a worker may take to put a new configuration to work, in milliseconds. */
const APPLY_MS = 30_000;

/** Several workers that serve as one: holds their sockets, their admin listener and the configuration, passes on what they tell each other, and replaces those that die. */
export class Primary implements Running {
  readonly telemetry: Telemetry;
  readonly crew: Crew;
  readonly board: Board;
  readonly sockets: Sockets;
  readonly #clock = systemClock;
  readonly #secret = randomBytes(32);
  /** Which breakers of each upstream are held by hand. */
  readonly #holds = new Map<string, Holds>();
  readonly #counts: Counts;
  readonly #view: MergedView;
  readonly #reloader: Reloader;
  readonly #count: number;
  readonly #authority: OwnAuthority;
  #loaded: Loaded;
  #readiness: Readiness = 'starting';
  #admin: AdminServer | undefined;
  #proxy: ListenAddress | undefined;
  #clientRoots: Promise<void> | undefined;

  private constructor({ loaded, env, logTo }: AppOptions, count: number) {
    const { config } = loaded;
    const log = createLog(config.log.level, logTo);
    this.#count = count;
    this.#authority = new OwnAuthority({ directory: config.intercept.ca, clock: this.#clock, log });
    this.#loaded = loaded;
    this.telemetry = new Telemetry({ clock: this.#clock, version: version(), log, access: false });
    this.sockets = new Sockets(count);
    this.#reloader = new Reloader({ loaded, env, apply: (next) => this.#apply(next), log, clock: this.#clock });
    this.crew = this.#newCrew(count, log);
    this.#counts = new Counts(this.crew, this.telemetry.stats, this.#clock);
    this.board = this.#newBoard();
    this.#view = new MergedView(this);
    this.telemetry.readFrom(this.#view);
    for (const series of workerSeries(this.crew, count)) this.telemetry.metrics.add(series);
  }

  /** Starts `count` workers; settles once all of them and the admin listener accept. Rejects with nothing left running. */
  static async start(options: AppOptions, count: number): Promise<Primary> {
    const primary = new Primary(options, count);
    try {
      await primary.#open();
      return primary;
    } catch (error) {
      await primary.stop(0);
      throw error;
    }
  }

  get proxyUrl(): string {
    return localUrl(this.#proxy ?? this.config.listen);
  }

  get adminUrl(): string {
    return this.#admin?.url ?? localUrl(this.config.admin);
  }

  get bundle(): string {
    return bundlePath(this.config);
  }

  get config(): Config {
    return this.#loaded.config;
  }

  get readiness(): Readiness {
    return this.#readiness;
  }

  get configReading(): ConfigReading {
    return this.#reloader.reading;
  }

  get authorityReading(): AuthorityReading {
    return this.#authority.reading;
  }

  get adminConnections(): number {
    return this.#admin?.connections ?? 0;
  }

  get endedCaches(): CacheCounts {
    return this.#counts.caches;
  }

  get snapshots(): readonly WorkerSnapshot[] {
    return this.crew.ready.flatMap(({ last }) => last ?? []);
  }

  /** Acts on breakers in all workers, those that start later too, and looks anew. */
  async act(upstream: string, breaker: string, action: BreakerAction, authority: string | undefined): Promise<void> {
    const holds = this.#holds.get(upstream) ?? new Holds();
    this.#holds.set(upstream, holds);
    holds.set(breaker, authority === '*' ? undefined : authority, action === 'isolate');
    await this.crew.askAll('act', { upstream, breaker, authority, action }, PATIENCE_MS);
    await this.#counts.collect();
  }

  async openQuotas(upstream: string, scope: string | undefined): Promise<number> {
    const opened = await this.crew.askAll('openQuotas', { upstream, scope }, PATIENCE_MS);
    await this.#counts.collect();
    return Math.max(0, ...opened.map(({ value }) => value));
  }

  authority(): Promise<CertificateAuthority> {
    return this.#authority.load();
  }

  reload(why: string): Promise<void> {
    return this.#reloader.reload(why);
  }

  async stop(drainMs = this.config.drain): Promise<boolean> {
    const { log } = this.telemetry;
    this.#readiness = 'draining';
    this.#reloader.close();
    this.#authority.close();
    log.info({ drainMs }, 'draining');
    const stopping = this.crew.stop(drainMs);
    // a worker stops accepting at once; what holds its sockets open here has to go with it
    await this.sockets.keep([]);
    const clean = await stopping;
    this.#counts.close();
    await this.#admin?.close();
    await this.#clientRoots;
    log.info({ clean }, clean ? 'stopped' : 'stopped: what still ran was cut');
    await log.flush();
    return clean;
  }

  #newCrew(count: number, log: Log): Crew {
    return new Crew({
      count,
      sockets: this.sockets,
      log,
      bug: (error) => {
        this.telemetry.internalError(error);
        this.#counts.bug();
      },
      handlersOf: (member) => handlersFor(this, member),
      order: () => ({ loaded: this.#loaded, secret: this.#secret, kept: this.sockets.kept }),
      started: async (member, given) => {
        for (const position of this.board.positions) member.link.tell('follow', { position, own: false });
        for (const [upstream, holds] of this.#holds) member.link.tell('hold', { upstream, holds: holds.export() });
        // a reload has come in between
        if (given !== this.#loaded) await member.link.ask('apply', this.config, APPLY_MS).catch(() => member.kill());
      },
      ended: (member) => {
        this.board.died(member.id);
        this.#counts.keep(member);
      },
    });
  }

  #newBoard(): Board {
    return new Board({
      clock: this.#clock,
      changed: (transition) => {
        this.telemetry.breakerChanged(transition);
        this.#counts.changed(transition);
      },
      tell: (position, by) => this.crew.ready.forEach(({ link, id }) => link.tell('follow', { position, own: id === by })),
      askBack: async (worker, place, purpose) =>
        this.crew
          .byId(worker)
          ?.link.ask('yieldProbes', { place, purpose }, PATIENCE_MS)
          .catch(() => undefined) ?? 0,
    });
  }

  async #open(): Promise<void> {
    await this.crew.start();
    this.#proxy = await this.sockets.addressOf({ upstream: '', ...this.config.listen });
    const { host, port, hosts, token } = this.config.admin;
    const served = (): Config => ({ ...this.config, listen: this.#proxy ?? this.config.listen });
    this.#admin = await startAdmin({
      host,
      port,
      hosts,
      token,
      view: this.#view,
      telemetry: this.telemetry,
      clock: this.#clock,
      routes: cacheRoutes(new CacheOfAll(this.crew, () => this.#view.cache()), cacheNamesOf(served), this.telemetry.log),
      exchanges: { list: (query) => this.#exchanges(query) },
      prepare: () => this.#counts.collect(),
    });
    this.#counts.begin();
    this.#reloader.watch();
    const upstreams = Object.keys(this.config.upstreams);
    const { file } = this.configReading;
    this.telemetry.log.info(
      { version: version(), proxy: this.proxyUrl, admin: this.adminUrl, config: file ?? 'presets', upstreams, workers: this.#count },
      'listening',
    );
    // a backend that waits for `ready` reads them at its own start; clients that come by a base URL are served before
    this.#clientRoots = this.#authority.writeRoots().then(() => this.#becomeReady());
  }

  #becomeReady(): void {
    if (this.#readiness === 'starting') this.#readiness = 'ready';
  }

  async #exchanges(query: JournalQuery): Promise<ExchangeSummary[]> {
    const lists = await this.crew.askAll('exchanges', query, PATIENCE_MS);
    const all = lists.flatMap(({ value }) => value).toSorted((a, b) => (a.time < b.time ? 1 : -1));
    return all.slice(0, query.limit);
  }

  /** Puts a new configuration to work in all workers; where one refuses, those that had taken it go back. */
  async #apply(config: Config): Promise<void> {
    const taken = new Set<Member>();
    const before = this.board.mark;
    const next = (): Member | undefined => this.crew.ready.find((one) => !taken.has(one));
    for (let member = next(); member !== undefined; member = next()) {
      taken.add(member);
      try {
        await member.link.ask('apply', config, APPLY_MS);
      } catch (error) {
        if (!member.ready) continue;
        await Promise.all([...taken].map(({ link }) => link.ask('apply', this.config, APPLY_MS).catch(() => undefined)));
        await this.sockets.keep(addressesOf(this.config));
        throw error;
      }
    }
    this.#loaded = { ...this.#loaded, config };
    await this.sockets.keep(addressesOf(this.config));
    await this.#settleBoard(before);
    this.telemetry.log.setLevel(config.log.level);
  }

  /** Has the board forget the breakers that no worker has taken over. */
  async #settleBoard(mark: number): Promise<void> {
    const told = await this.crew.askAll('snapshot', undefined, PATIENCE_MS);
    if (told.length > 0) this.#keepHolds(told.flatMap(({ value }) => value.breakerNames));
    const breakers = told.flatMap(({ value }) => value.upstreams.flatMap((upstream) => upstream.breakers));
    if (told.length > 0)
      this.board.keep(
        breakers.filter(({ state }) => state !== 'closed'),
        mark,
      );
  }

  #keepHolds(names: WorkerSnapshot['breakerNames']): void {
    for (const [upstream, before] of this.#holds) {
      const holds = new Holds();
      holds.adopt(before.export(), (breaker) => names.some((one) => one.upstream === upstream && one.breaker === breaker));
      this.#holds.set(upstream, holds);
    }
  }
}
