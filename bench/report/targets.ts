import type { CaseResult, ScenarioResult } from './results.ts';
import { ratio, rowOf, series, typical } from './summary.ts';
import { median } from '../lib/stats.ts';

/** Something to be reached, with how it is found out; without `atLeast` and `atMost` only something to be told. */
export interface Target {
  readonly text: string;
  readonly scenario: string;
  readonly case: string;
  /** What counts, out of the case; undefined where it was not measured. */
  readonly value: (result: CaseResult) => number | undefined;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** How a target came out. */
export interface Verdict {
  readonly target: Target;
  readonly state: 'met' | 'missed' | 'no goal' | 'void' | 'not measured';
  readonly value: number | undefined;
}

const against =
  (base: string, key?: string, name = 'breakwater') =>
  (result: CaseResult) =>
    ratio(result, name, base, key)?.median;

/** A figure of Breakwater itself, in one of its forms. */
const own =
  (key: string, name = 'breakwater') =>
  (result: CaseResult): number | undefined => {
    const row = rowOf(result, name);
    return row === undefined ? undefined : typical(row, key);
  };

/** What Breakwater, or another, adds to the direct latency, as a multiple of what the other adds. */
const added =
  (base: string, name = 'breakwater') =>
  (result: CaseResult): number | undefined => {
    const [mine, other, direct] = [name, base, 'direct']
      .map((name) => rowOf(result, name))
      .map((row) => (row === undefined ? [] : series(row, 'p50Us')));
    const rounds = (mine ?? []).map((value, n) => (value - (direct?.[n] ?? NaN)) / ((other?.[n] ?? NaN) - (direct?.[n] ?? NaN)));
    const found = median(rounds.filter((value) => Number.isFinite(value)));
    return Number.isNaN(found) ? undefined : found;
  };

/** How many MiB more resident at its peak than the other. */
const peakAbove =
  (base: string) =>
  (result: CaseResult): number | undefined => {
    const [mine, other] = [own('peakMib')(result), own('peakMib', base)(result)];
    return mine === undefined || other === undefined ? undefined : mine - other;
  };

const plain = { scenario: 'plain', case: '32 connections' } as const;
const hits = { scenario: 'hits', case: '32 connections' } as const;
const intercepted = { scenario: 'interception', case: 'keep-alive, 1k, 32 connections' } as const;

/** The targets, in the order of the report. */
export const TARGETS: readonly Target[] = [
  { ...plain, text: 'whole preset at least 0.85 of the bare forwarder', value: against('forwarder'), atLeast: 0.85 },
  { ...plain, text: 'bare layers at least 0.95 of the bare forwarder', value: against('forwarder', undefined, 'breakwater-bare'), atLeast: 0.95 },
  { ...plain, text: 'at least 1.9 times http-proxy-3', value: against('http-proxy-3'), atLeast: 1.9 },
  { ...plain, text: 'ahead of Caddy', value: against('caddy'), atLeast: 1 },
  { ...plain, text: 'ahead of Squid', value: against('squid'), atLeast: 1 },
  { ...plain, text: 'ahead of Varnish (pass)', value: against('varnish'), atLeast: 1 },
  { ...plain, text: 'ahead of Envoy with equal policies', value: against('envoy'), atLeast: 1 },
  { ...plain, text: "CPU per request at most 2.5 times nginx's", value: against('nginx', 'cpuUs'), atMost: 2.5 },
  ...['1 connection', '256 connections', '1024 connections'].map((name): Target => {
    return { scenario: 'plain', case: name, text: `at ${name}, times the bare forwarder`, value: against('forwarder') };
  }),
  ...[50, 200].flatMap((rate): Target[] => {
    const at = { scenario: 'low-rate', case: `${rate} req/s` };
    return [
      { ...at, text: `added P50 at ${rate} req/s: no more than the bare forwarder's`, value: added('forwarder'), atMost: 1 },
      { ...at, text: `added P50 at ${rate} req/s: within 2 times HAProxy's`, value: added('haproxy'), atMost: 2 },
      { ...at, text: `added P50 at ${rate} req/s, times that of a byte pipe in Node`, value: added('byte-pipe') },
      { ...at, text: `added P50 of the bare forwarder at ${rate} req/s, times that of a byte pipe`, value: added('byte-pipe', 'forwarder') },
    ];
  }),
  { ...hits, text: 'hits at least 0.85 of the bare Map server', value: against('map-server'), atLeast: 0.85 },
  { ...hits, text: 'hits ahead of Varnish', value: against('varnish'), atLeast: 1 },
  { ...hits, text: 'hits ahead of Squid', value: against('squid'), atLeast: 1 },
  { ...intercepted, text: 'interception at least 1.1 times Squid ssl-bump', value: against('squid'), atLeast: 1.1 },
  { ...intercepted, text: 'interception at least 15 times mitmproxy', value: against('mitmproxy'), atLeast: 15 },
  {
    scenario: 'interception',
    case: 'a new connection per request, 8 at a time',
    text: 'a new intercepted connection costs at most 1.3 times a bare Node TLS handshake (CPU)',
    value: against('tls-server', 'cpuUs'),
    atMost: 1.3,
  },
  {
    scenario: 'far-origin',
    case: '4 at a time',
    text: 'a new client per call, 25 ms away: at most 0.5 of the direct latency',
    value: against('direct'),
    atMost: 0.5,
  },
  ...['down', 'up'].flatMap((way): Target[] => {
    const large = { scenario: 'streams', case: `10 MiB ${way}, 4 connections` };
    return [
      { ...large, text: `10 MiB ${way}: at least 0.9 of the bare forwarder`, value: against('forwarder'), atLeast: 0.9 },
      {
        ...large,
        text: `10 MiB ${way}: peak RSS less than these 4 bodies (40 MiB) above the bare forwarder's`,
        value: peakAbove('forwarder'),
        atMost: 40,
      },
      { ...large, text: `10 MiB ${way}: peak RSS in MiB`, value: own('peakMib') },
      { ...large, text: `10 MiB ${way}: peak RSS of the bare forwarder in MiB`, value: own('peakMib', 'forwarder') },
      {
        scenario: 'streams',
        case: `100 KiB ${way}, 8 connections`,
        text: `100 KiB ${way}, times the bare forwarder`,
        value: against('forwarder'),
      },
    ];
  }),
  { scenario: 'tls-upstream', case: '32 connections', text: 'TLS to the origin, times the bare forwarder', value: against('forwarder') },
  { scenario: 'websocket', case: '32 connections', text: 'CPU per WebSocket message, times that of a byte pipe', value: against('byte-pipe') },
  { scenario: 'events', case: '50 streams', text: 'P50 of server-sent events, times that of the bare forwarder', value: against('forwarder') },
  {
    scenario: 'routes',
    case: '32 connections',
    text: '300 routes at least 0.95 of one',
    value: against('1 routes', undefined, '300 routes'),
    atLeast: 0.95,
  },
  { scenario: 'memory', case: 'through a life', text: 'RSS right after load under 120 MiB', value: own('loadedMib'), atMost: 120 },
  { scenario: 'memory', case: 'through a life', text: 'RSS 75 s after load under 120 MiB', value: own('restMib'), atMost: 120 },
  { scenario: 'startup', case: 'cold start', text: 'start-up under 300 ms, as shipped', value: own('readyMs', 'breakwater'), atMost: 300 },
  { scenario: 'storm', case: 'afterwards', text: 'after an abort storm every request of 64 is served', value: own('served'), atLeast: 64 },
];

/** Compares a target with what was measured. */
export function judge(target: Target, results: readonly ScenarioResult[]): Verdict {
  const found = results.find((result) => result.scenario === target.scenario)?.cases.find((one) => one.name === target.case);
  const value = found === undefined ? undefined : target.value(found);
  if (found === undefined || value === undefined) return { target, state: 'not measured', value };
  if (found.void) return { target, state: 'void', value };
  if (target.atLeast === undefined && target.atMost === undefined) return { target, state: 'no goal', value };
  const met = value >= (target.atLeast ?? -Infinity) && value <= (target.atMost ?? Infinity);
  return { target, state: met ? 'met' : 'missed', value };
}
