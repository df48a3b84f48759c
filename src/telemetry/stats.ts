import type { BreakerTransition, ObservablePolicy, Rejection } from '../model/events.ts';
import { TextCounts } from './codes.ts';
import { type RouteSnapshot, RouteStats } from './route-stats.ts';
import { type UpstreamSnapshot, UpstreamStats } from './upstream-stats.ts';

/** Routes that are told apart: configurations come and go with reloads, and what was counted stays. Past it, new ones are one. */
const MAX_ROUTES = 2000;
const OVERFLOW = 'other';
/** Warnings that are kept at once. */
const MAX_WARNINGS = 200;

/** What a policy found that an operator should know. */
export interface Warning {
  readonly upstream: string;
  readonly route: string;
  readonly policy: ObservablePolicy;
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Every count, as plain data: for another process that adds up those of several. */
export interface StatsSnapshot {
  readonly routes: readonly RouteSnapshot[];
  readonly upstreams: readonly UpstreamSnapshot[];
  readonly rejections: readonly (readonly [Rejection, number])[];
  readonly transitions: readonly (readonly [string, number])[];
  readonly internalErrors: number;
  readonly lastInternalErrorAt: number;
  readonly warnings: readonly Warning[];
}

/** Every count since the start, by upstream and route. */
export class Stats {
  readonly upstreams = new Map<string, UpstreamStats>();
  readonly rejections = new Map<Rejection, number>();
  transitions = new TextCounts();
  internalErrors = 0;
  /** When the last bug showed, in milliseconds since the epoch. */
  lastInternalErrorAt = -Infinity;
  readonly #warnings = new Map<string, Warning>();
  readonly #routes = new Map<string, Map<string, RouteStats>>();
  #size = 0;

  /** The counts of a route, made when first asked for. */
  route(upstream: string, route: string): RouteStats {
    return this.#routes.get(upstream)?.get(route) ?? this.#makeRoute(upstream, route);
  }

  /** The counts of an upstream, made when first asked for. */
  upstream(name: string): UpstreamStats {
    const known = this.upstreams.get(name);
    if (known !== undefined) return known;
    if (this.upstreams.size >= MAX_ROUTES && name !== OVERFLOW) return this.upstream(OVERFLOW);
    const made = new UpstreamStats(name);
    this.upstreams.set(name, made);
    return made;
  }

  /** All routes that were counted. */
  *routes(): Iterable<RouteStats> {
    for (const routes of this.#routes.values()) yield* routes.values();
  }

  /** The routes of one upstream that were counted. */
  routesOf(upstream: string): RouteStats[] {
    return [...(this.#routes.get(upstream)?.values() ?? [])];
  }

  /** A breaker changed. */
  changed({ upstream, breaker, to, cause }: BreakerTransition): void {
    this.transitions.add(`${upstream} ${breaker} ${to} ${cause}`);
  }

  /** Keeps the latest warning of a policy on a route; an empty text takes it back. */
  warned(warning: Warning): void {
    const key = `${warning.upstream} ${warning.route} ${warning.policy}`;
    this.#warnings.delete(key);
    if (warning.text !== '' && this.#warnings.size < MAX_WARNINGS) this.#warnings.set(key, warning);
  }

  /** Warnings that stand, oldest first. */
  get warnings(): Warning[] {
    return [...this.#warnings.values()];
  }

  /** The listener refused something. */
  rejected(reason: Rejection): void {
    this.rejections.set(reason, (this.rejections.get(reason) ?? 0) + 1);
  }

  /** Everything, as plain data. `now`: monotonic milliseconds. */
  export(now: number): StatsSnapshot {
    return {
      routes: [...this.routes()].map((route) => route.export(now)),
      upstreams: [...this.upstreams.values()].map((upstream) => upstream.export(now)),
      rejections: [...this.rejections],
      transitions: [...this.transitions.entries()],
      internalErrors: this.internalErrors,
      lastInternalErrorAt: this.lastInternalErrorAt,
      warnings: this.warnings,
    };
  }

  /** Adds what another process counted. */
  absorb(other: StatsSnapshot, now: number): void {
    for (const route of other.routes) this.route(route.upstream, route.route).absorb(route, now);
    for (const upstream of other.upstreams) this.upstream(upstream.name).absorb(upstream, now);
    for (const [reason, count] of other.rejections) this.rejections.set(reason, (this.rejections.get(reason) ?? 0) + count);
    for (const [key, count] of other.transitions) this.transitions.add(key, count);
    this.internalErrors += other.internalErrors;
    this.lastInternalErrorAt = Math.max(this.lastInternalErrorAt, other.lastInternalErrorAt);
    for (const warning of other.warnings) this.warned(warning);
  }

  /** Forgets everything: what several processes counted is added up anew. */
  clear(): void {
    this.upstreams.clear();
    this.rejections.clear();
    this.transitions = new TextCounts();
    this.internalErrors = 0;
    this.lastInternalErrorAt = -Infinity;
    this.#warnings.clear();
    this.#routes.clear();
    this.#size = 0;
  }

  #makeRoute(upstream: string, route: string): RouteStats {
    if (this.#size >= MAX_ROUTES && route !== OVERFLOW) return this.route(OVERFLOW, OVERFLOW);
    const routes = this.#routes.get(upstream) ?? new Map<string, RouteStats>();
    const made = new RouteStats(upstream, route);
    this.#routes.set(upstream, routes.set(route, made));
    this.#size++;
    return made;
  }
}
