import { ago, count, latency, NONE, percent, span } from './format.ts';
import type { Recent } from './history.ts';
import { type Sign, signOf } from './overview.ts';
import type { Breaker, Dependency, LastError } from './wire.ts';

/** One dependency as its card shows it: texts alone. */
export interface Card extends Sign {
  readonly name: string;
  readonly hosts: string;
  readonly evidence: string;
  readonly lastError: { readonly head: string; readonly detail: string; readonly when: string } | undefined;
  readonly figures: readonly Figure[];
  readonly breakers: readonly BreakerLine[];
  /** What else an operator should know: quotas, injected faults, clients that leave early. */
  readonly notes: readonly string[];
}

/** A name, its value, and what the value stands on. */
export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly basis: string;
}

/** Where a breaker stands, and what can be done to it by hand. */
export interface BreakerLine {
  readonly breaker: string;
  readonly authority: string;
  readonly state: Breaker['state'];
  readonly mark: string;
  readonly text: string;
  readonly until: string;
  readonly action: 'isolate' | 'reset';
}

/** What a card is made from. `now`: the server's time, in milliseconds since the epoch. */
export interface CardParts {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly dependency: Dependency;
  readonly recent: Recent;
  readonly now: number;
}

const BREAKER_MARKS = { closed: '✓', 'half-open': '◐', open: '✕', isolated: '⊘' } as const satisfies Record<Breaker['state'], string>;
const BREAKER_WORDS = { closed: 'closed', 'half-open': 'half-open', open: 'open', isolated: 'held open by hand' } as const satisfies Record<
  Breaker['state'],
  string
>;

/** Puts a card together. */
export function cardOf({ name, hosts, dependency, recent, now }: CardParts): Card {
  return {
    ...signOf(dependency.status),
    name,
    hosts: hosts.join(', '),
    evidence: dependency.evidence,
    lastError: dependency.lastError === null ? undefined : errorOf(dependency.lastError, now),
    figures: [
      errorRateOf(dependency),
      ...latenciesOf(dependency),
      probeOf(dependency, now),
      retriesOf(dependency, recent),
      cacheOf(dependency),
      placesOf(dependency),
    ],
    breakers: dependency.breakers.map(breakerOf),
    notes: notesOf(dependency),
  };
}

function errorOf({ phase, kind, code, status, detail, authority, route, at }: LastError, now: number): Card['lastError'] {
  const answered = status === undefined ? '' : `, status ${status}`;
  return { head: `${kind} in phase ${phase}${answered}`, detail, when: `${ago(at, now)} · ${code} · ${authority}, route ${route}` };
}

function errorRateOf({ errorRate: { ratio, failed, samples, windowSeconds, interval } }: Dependency): Figure {
  const name = 'Error rate';
  if (ratio === null || interval === null) return { name, value: NONE, basis: `no attempts in ${span(windowSeconds * 1000)}` };
  const basis = `${count(failed)} of ${count(samples)} attempts · 95 %: ${percent(interval.low)} to ${percent(interval.high)}`;
  return { name, value: percent(ratio), basis };
}

function latenciesOf({ latencyMs }: Dependency): Figure[] {
  const basis = latencyMs === null ? 'no requests' : `${count(latencyMs.samples)} requests, 5 min`;
  return [
    { name: 'P50', value: latency(latencyMs?.p50), basis },
    { name: 'P95', value: latency(latencyMs?.p95), basis },
    { name: 'P99', value: latency(latencyMs?.p99), basis },
  ];
}

function probeOf({ probe }: Dependency, now: number): Figure {
  if (probe === null) return { name: 'Probe', value: NONE, basis: 'none has run' };
  return {
    name: 'Probe',
    value: probe.ok ? latency(probe.latencyMs) : '✕ failed',
    basis: probe.ok ? ago(probe.at, now) : `${ago(probe.at, now)}, ${latency(probe.latencyMs)}`,
  };
}

function retriesOf({ routes }: Dependency, recent: Recent): Figure {
  const all = Object.values(routes).reduce((sum, { retries }) => sum + retries, 0);
  return { name: 'Retries', value: count(recent.retries), basis: `in ${span(recent.spanMs)} · ${count(all)} since start` };
}

function cacheOf({ cacheHitRatio, routes }: Dependency): Figure {
  const all = Object.values(routes);
  const hits = all.reduce((sum, route) => sum + route.cacheHits, 0);
  const misses = all.reduce((sum, route) => sum + route.cacheMisses, 0);
  const basis = hits + misses === 0 ? 'not asked' : `5 min · ${count(hits)} of ${count(hits + misses)} since start`;
  return { name: 'Cache hits', value: percent(cacheHitRatio), basis };
}

function placesOf({ connections: { open, busy, queued } }: Dependency): Figure {
  return { name: 'Connections', value: count(open), basis: `${count(busy)} busy · ${count(queued)} waiting` };
}

function breakerOf({ breaker, authority, mode, state, retryAfterMs }: Breaker): BreakerLine {
  const until = state === 'open' ? (retryAfterMs > 0 ? `next try in ${span(retryAfterMs + 999)}` : 'the next request is its probe') : '';
  const text = `${BREAKER_WORDS[state]}${mode === 'observe' ? ', only observes' : ''}`;
  return { breaker, authority, state, mark: BREAKER_MARKS[state], text, until, action: state === 'isolated' ? 'reset' : 'isolate' };
}

function notesOf({ quotas, patience, faults }: Dependency): string[] {
  return [
    ...quotas.map(({ scope, rule, retryAfterMs }) => `quota used up: ${scope} (${rule}), for ${span(retryAfterMs + 999)}`),
    ...faults.map(({ route, text }) => `faults are injected on route ${route}: ${text}`),
    ...patience.map(({ route, patienceMs, totalMs }) => {
      const limit = totalMs === null ? 'there is no total limit' : `the total limit is ${latency(totalMs)}`;
      return `clients of route ${route} leave after ${latency(patienceMs)}; ${limit}`;
    }),
  ];
}
