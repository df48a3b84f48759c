import { randomBytes } from 'node:crypto';
import { cacheRoutes } from '../admin/api/cache-routes.ts';
import type { Readiness } from '../admin/view.ts';
import { type AdminServer, startAdmin } from '../admin/server.ts';
import { Cache, type CacheOptions } from '../cache/cache.ts';
import type { Loaded } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { type DataPlane, startDataPlane } from '../listen/data-plane.ts';
import { systemClock } from '../model/clock.ts';
import { isLoopbackOnly } from '../model/loopback.ts';
import type { AuthorityReading, ConfigReading, ListenerReading } from '../model/status.ts';
import { pseudonyms } from '../policy/pseudonym.ts';
import { callAfter, within } from '../model/timer.ts';
import { createLog, type Log, type LogTarget } from '../telemetry/log.ts';
import { Telemetry } from '../telemetry/telemetry.ts';
import type { CertificateAuthority } from '../tls/authority.ts';
import { Resolver, type ResolverOptions } from '../upstream/dns.ts';
import { AppView } from './admin-view.ts';
import { type Backing, openCacheStore } from './cache-store.ts';
import { cacheNamesOf } from './cache-names.ts';
import { compileEarly } from './engine.ts';
import { assemble, type Generation, retired } from './generation.ts';
import { BodyMemory, youngCollector } from './heap.ts';
import { OwnAuthority } from './own-authority.ts';
import { bundlePath, localUrl, portsOf } from './paths.ts';
import { Reloader } from './reload.ts';
import { QuietHeap } from './quiet-heap.ts';
import type { Seat } from './seat.ts';
import { SeatedTelemetry } from './seated-telemetry.ts';
import type { RuntimeParts } from './runtime.ts';
import { version } from './version.ts';

/** The roots for clients are seen to so long after the listeners are open, in milliseconds: making an authority holds the process up, and whoever waits for the listeners comes first. */
const ROOTS_AFTER_MS = 50;

/** What an app is started with. */
export interface AppOptions {
  readonly loaded: Loaded;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where log lines go. */
  readonly logTo: LogTarget;
  /** Its place among several processes; absent where it is alone. With it there is no admin listener and the file is not watched: another process does that. */
  readonly seat?: Seat;
}

/** A running Breakwater: everything that lives belongs to it, and `stop` ends all of it. */
export class App {
  readonly telemetry: Telemetry;
  /** One for all upstreams; it outlives reloads. */
  readonly cache: Cache;
  readonly #clock = systemClock;
  readonly #view: AppView;
  readonly #parts: RuntimeParts;
  readonly #reloader: Reloader;
  readonly #heap = QuietHeap.ofProcess().heap;
  #generation: Generation;
  #readiness: Readiness = 'starting';
  #plane: DataPlane | undefined;
  #admin: AdminServer | undefined;
  readonly #authority: OwnAuthority;
  #clientRoots: Promise<void> | undefined;

  readonly #seat: Seat | undefined;

  private constructor({ loaded, env, seat }: AppOptions, log: Log, backing: Backing) {
    const { config } = loaded;
    this.#seat = seat;
    const telemetry = { clock: this.#clock, version: version(), log, access: config.log.access };
    this.telemetry = seat === undefined ? new Telemetry(telemetry) : new SeatedTelemetry(telemetry, seat);
    const { intercept, listen } = config;
    const serving = { ticketKeys: seat?.ticketKeys, local: isLoopbackOnly(listen.host) };
    this.#authority = new OwnAuthority({ directory: intercept.ca, clock: this.#clock, log, serving });
    this.cache = new Cache({ maxBytes: config.cache.maxBytes, clock: this.#clock, observer: this.telemetry, ...cacheSeat(seat), ...backing });
    this.#parts = {
      clock: this.#clock,
      observer: this.telemetry,
      pseudonymOf: pseudonyms(seat?.secret ?? randomBytes(32)),
      resolver: new Resolver(this.#clock, resolverOptions(config)),
      cacheFor: (settings, upstream) => this.cache.layerFor(settings, upstream),
      prefetchFor: (settings, upstream, ask) => this.cache.prefetchFor(settings, upstream, ask),
      ...(seat === undefined ? undefined : { probes: seat.probes, sharingFor: (upstream) => seat.sharingFor(upstream) }),
    };
    this.#generation = assemble(config, this.#parts, undefined);
    this.cache.settle(config.upstreams);
    this.#reloader = new Reloader({ loaded, env, apply: (next) => this.apply(next), log: this.telemetry.log, clock: this.#clock });
    this.#view = new AppView(this, this.#clock.wallNow());
    this.telemetry.readFrom(this.#view);
  }

  /** Starts; settles once both listeners accept. Rejects where one cannot be opened or an upstream cannot be set up; nothing is left running then. */
  static async start(options: AppOptions): Promise<App> {
    const { config } = options.loaded;
    const log = createLog(config.log.level, options.logTo);
    const backing = await openCacheStore(config.cache, systemClock, (text) => log.warn({}, text));
    const app = App.#made(options, log, backing);
    try {
      await app.#open();
      return app;
    } catch (error) {
      await app.stop(0);
      throw error;
    }
  }

  static #made(options: AppOptions, log: Log, backing: Backing): App {
    try {
      return new App(options, log, backing);
    } catch (error) {
      void backing.store?.close();
      throw error;
    }
  }

  /** Where clients reach the proxy: `http://127.0.0.1:8080`. */
  get proxyUrl(): string {
    return localUrl(this.#plane?.address ?? this.#config.listen);
  }

  /** Where people and Prometheus reach the admin pages. */
  get adminUrl(): string {
    return this.#admin?.url ?? localUrl(this.#config.admin);
  }

  /** The file with all roots that a client needs. */
  get bundle(): string {
    return bundlePath(this.#config);
  }

  /** The running app, to be looked at. */
  get view(): AppView {
    return this.#view;
  }

  /** Undefined before it is open. */
  get plane(): DataPlane | undefined {
    return this.#plane;
  }

  /** The configuration at work; a reload puts another in its place. */
  get generation(): Generation {
    return this.#generation;
  }

  /** Whether it serves: no before it is open, and not from the first word of `stop` on. */
  get readiness(): Readiness {
    return this.#readiness;
  }

  /** The file that it runs on, and how the last reload of it went. */
  get configReading(): ConfigReading {
    return this.#reloader.reading;
  }

  /** The certificate authority, as it was when it was last needed. */
  get authorityReading(): AuthorityReading {
    return this.#authority.reading;
  }

  /** Both listeners, with the connections that are open now. */
  get listeners(): readonly ListenerReading[] {
    return [
      { listener: 'proxy', connections: this.#plane?.connections ?? 0 },
      { listener: 'admin', connections: this.#admin?.connections ?? 0 },
    ];
  }

  get #config(): Config {
    return this.#generation.config;
  }

  /** The certificate authority, made on first use, with the bundle for clients. Rejects with an AuthorityError where its directory cannot be used. */
  authority(): Promise<CertificateAuthority> {
    return this.#authority.load();
  }

  /** Loads the configuration file anew. A bad one is refused, with the reason in log, metrics and /health, and changes nothing. */
  reload(why: string): Promise<void> {
    return this.#reloader.reload(why);
  }

  /** Stops accepting, lets what runs finish for `drainMs` at most (as configured unless said), closes everything. Whether nothing had to be cut. */
  async stop(drainMs = this.#config.drain): Promise<boolean> {
    this.#readiness = 'draining';
    this.#reloader.close();
    this.#heap.close();
    this.#authority.close();
    this.telemetry.log.info({ drainMs }, 'draining');
    const until = this.#clock.now() + drainMs;
    const drained = (await this.#plane?.drain(drainMs)) ?? true;
    // without a client there may still be a send that nobody may cut: what came of it would be unknown
    const finished = await within(Promise.all(this.#generation.runtimes.map((runtime) => runtime.finish())), until - this.#clock.now());
    const clean = drained && finished;
    await Promise.all(this.#generation.runtimes.map((runtime) => runtime.destroy()));
    await this.#admin?.close();
    await this.cache.close();
    await this.#clientRoots;
    this.telemetry.log.info({ clean }, clean ? 'stopped' : 'stopped: what still ran was cut');
    await this.telemetry.log.flush();
    return clean;
  }

  async #open(): Promise<void> {
    const { listen, limits } = this.#config;
    const seat = this.#seat;
    this.#plane = await startDataPlane({
      listen,
      ports: [...portsOf(this.#config), ...(seat?.kept ?? [])],
      gateway: () => this.#generation.gateway,
      authority: () => this.#authority.loadForClient(),
      ...(seat === undefined ? undefined : { socketOf: (asked) => seat.socketOf(asked) }),
      limits: { headerBytes: limits.header, bodyBytes: limits.body, requestTimeoutMs: limits.requestTimeout },
      observer: this.telemetry,
      clock: this.#clock,
      passed: new BodyMemory(youngCollector()).passed,
    });
    if (seat === undefined) await this.#openAdmin();
    for (const runtime of this.#generation.runtimes) runtime.start();
    this.#heap.start();
    if (seat !== undefined) return this.#becomeReady();
    this.#reloader.watch();
    const upstreams = this.#generation.runtimes.map(({ name }) => name);
    this.telemetry.log.info(
      { version: version(), proxy: this.proxyUrl, admin: this.adminUrl, config: this.configReading.file ?? 'presets', upstreams },
      'listening',
    );
    // a backend that waits for `ready` reads them at its own start; clients that come by a base URL are served before
    this.#clientRoots = this.#writeRoots();
  }

  async #writeRoots(): Promise<void> {
    await new Promise<void>((resolve) => void callAfter(ROOTS_AFTER_MS, resolve));
    await this.#authority.writeRoots();
    this.#becomeReady();
  }

  #becomeReady(): void {
    compileEarly();
    if (this.#readiness === 'starting') this.#readiness = 'ready';
  }

  async #openAdmin(): Promise<void> {
    const { host, port, hosts, token } = this.#config.admin;
    const served = (): Config => ({ ...this.#config, listen: this.#plane?.address ?? this.#config.listen });
    const routes = cacheRoutes(this.cache.admin, cacheNamesOf(served), this.telemetry.log);
    this.#admin = await startAdmin({ host, port, hosts, token, view: this.#view, telemetry: this.telemetry, clock: this.#clock, routes });
  }

  /** The next generation, its ports open. */
  async #prepared(config: Config): Promise<Generation> {
    try {
      const next = assemble(config, this.#parts, this.#generation);
      await this.#plane?.setPorts(portsOf(config));
      return next;
    } catch (error) {
      this.cache.settle(this.#config.upstreams);
      throw error;
    }
  }

  /** Puts a new configuration to work. Rejects, having changed nothing, where a port cannot be had or an upstream cannot be set up. */
  async apply(config: Config): Promise<void> {
    const next = await this.#prepared(config);
    const gone = retired(this.#generation, next);
    this.#generation = next;
    this.cache.settle(config.upstreams);
    for (const runtime of gone) runtime.takeBackWarnings();
    for (const runtime of next.runtimes) runtime.start();
    this.telemetry.log.setLevel(config.log.level);
    this.telemetry.logAccess(config.log.access);
    await Promise.all(gone.map((runtime) => runtime.retire(next.runtimes)));
  }
}

/** What the cache of one process of several needs of the others. */
function cacheSeat(seat: Seat | undefined): Pick<CacheOptions, 'secret' | 'tellOthers'> | undefined {
  return seat === undefined ? undefined : { secret: seat.secret, tellOthers: (tags) => seat.tellOthers(tags) };
}

function resolverOptions({ dns }: Config): ResolverOptions {
  return { ttlMs: dns.ttl, negativeMs: dns.negativeTtl, patienceMs: dns.patience };
}
