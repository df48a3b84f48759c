import { type Machine, thisMachine } from '../lib/machine.ts';
import type { Tally } from './clients.ts';
import type { Holding } from './probe.ts';
import { fitLine } from './slope.ts';
import type { UpstreamReport } from './upstream.ts';

/** Everything that a run came to. */
export interface Findings {
  readonly exchanges: number;
  readonly share: number;
  readonly seed: number;
  readonly atOnce: number;
  readonly warmUp: number;
  readonly seconds: number;
  readonly tally: Tally;
  readonly upstream: UpstreamReport;
  /** At rest, half way through the warm-up and at the end. */
  readonly before: Holding;
  readonly after: Holding;
  /** Exchanges sent and resident bytes, after the warm-up. */
  readonly curve: readonly (readonly [exchanges: number, rss: number])[];
  readonly busy: number;
  readonly pooled: number;
  readonly queued: number;
  readonly clientConnections: number;
  readonly counted: number;
  readonly retries: number;
  readonly bugs: number;
}

/** Bytes per 100,000 exchanges that count as growth. */
const SLOPE_LIMIT = 1_000_000;
/** Exchanges after the warm-up below which a slope says nothing: caches and the collector's own rhythm are larger. */
const SLOPE_NEEDS = 500_000;
/** Objects at rest that come and go: the process's own. */
const WITHIN = 5;
/** Sockets that are no connection: listeners, the channel of the probe, the connection that asks for the metrics. */
const OWN_SOCKETS = 4;

interface Check {
  readonly what: string;
  readonly found: string;
  /** Undefined: the run was too short to say. */
  readonly good: boolean | undefined;
}

/** Reads the findings: the page, and what failed. */
export function reportOf(findings: Findings): { readonly text: string; readonly failed: readonly string[] } {
  const checks = checksOf(findings);
  return { text: page(findings, checks, thisMachine()), failed: checks.filter(({ good }) => good === false).map(({ what }) => what) };
}

function checksOf(findings: Findings): Check[] {
  const { tally, upstream, before, after, bugs } = findings;
  const line = fitLine(findings.curve);
  const perHundred = line.slope * 100_000;
  const within = line.within * 100_000;
  const longEnough = findings.exchanges - findings.warmUp >= SLOPE_NEEDS;
  return [
    { what: 'unanswered', found: `${tally.unanswered}${why(tally.unansweredWhy)}`, good: tally.unanswered === 0 },
    { what: 'orders that may have been done twice', found: `${upstream.duplicates} of ${upstream.orders}`, good: upstream.duplicates === 0 },
    {
      what: 'exchanges that Breakwater counted',
      found: `${findings.counted} of ${tally.sent}`,
      good: findings.counted <= tally.sent && findings.counted >= tally.sent - tally.left,
    },
    { what: 'internal errors', found: String(bugs), good: bugs === 0 },
    {
      what: 'busy connections and waiting exchanges at rest',
      found: `${findings.busy}, ${findings.queued}`,
      good: findings.busy + findings.queued === 0,
    },
    { what: 'client connections at rest', found: String(findings.clientConnections), good: findings.clientConnections === 0 },
    {
      what: 'sockets at rest beyond those kept for the upstream',
      found: `${after.socketHandles - findings.pooled} (${after.socketHandles} open, ${findings.pooled} kept)`,
      good: after.socketHandles - findings.pooled <= OWN_SOCKETS,
    },
    {
      what: 'objects at rest: sockets, requests, timers',
      found: `${held(before)} early, ${held(after)} at the end`,
      good: isNoMore(before, after),
    },
    { what: 'what keeps the event loop going', found: list(after.resources), good: total(after) <= total(before) + WITHIN },
    { what: 'listeners on the process', found: `${before.listeners}, then ${after.listeners}`, good: after.listeners <= before.listeners },
    {
      what: 'growth of resident memory per 100,000 exchanges',
      found: `${megabytes(perHundred)} ± ${megabytes(within)} MB (95 %, ${findings.curve.length} samples)`,
      good: longEnough ? perHundred < SLOPE_LIMIT : undefined,
    },
  ];
}

function held({ sockets, requests, timers }: Holding): string {
  return `${sockets}, ${requests}, ${timers}`;
}

/** Pools may hold a few more connections than early on, each with a timer and the last request on it. */
function isNoMore(before: Holding, after: Holding): boolean {
  const more = Math.max(0, after.socketHandles - before.socketHandles) + WITHIN;
  return after.sockets <= before.sockets + more && after.requests <= before.requests + more && after.timers <= before.timers + 3 * more;
}

function total({ resources }: Holding): number {
  return Object.values(resources).reduce((sum, count) => sum + count, 0);
}

function why(reasons: Readonly<Record<string, number>>): string {
  const words = Object.entries(reasons).map(([reason, count]) => `${count} ${reason}`);
  return words.length === 0 ? '' : ` (${words.join('; ')})`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(2);
}

function page(findings: Findings, checks: readonly Check[], machine: Machine): string {
  const { tally, upstream, exchanges, share, seed, atOnce, warmUp, seconds } = findings;
  const mark = (good: boolean | undefined): string => (good === undefined ? 'too short to say' : good ? 'yes' : '**no**');
  const shown = findings.curve.filter((_, index) => index % Math.ceil(findings.curve.length / 12) === 0 || index === findings.curve.length - 1);
  return `# Soak

${exchanges} exchanges, ${share * 100} % of the upstream's answers struck by a fault (seed ${seed}), ${atOnce} clients at once, ${seconds.toFixed(0)} s
(${Math.round(exchanges / seconds)} a second with pauses for samples). ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.system}, Node ${machine.node}.

| what | found | as it must be |
| --- | --- | --- |
${checks.map(({ what, found, good }) => `| ${what} | ${found} | ${mark(good)} |`).join('\n')}

- Clients: ${tally.answered} whole answers, ${tally.broken} that broke off visibly, ${tally.left} left early. Statuses: ${list(tally.statuses)}.
- Upstream: ${upstream.received} requests; faults: ${list(upstream.faults)}.
- Decisions on retries: ${findings.retries}.
- Memory, resident, sampled right after a collection, from the end of the warm-up (${warmUp} exchanges) on:

| exchanges | MB |
| --- | --- |
${shown.map(([count, rss]) => `| ${count} | ${megabytes(rss)} |`).join('\n')}

Heap in use ${megabytes(findings.before.heapUsed)} MB early, ${megabytes(findings.after.heapUsed)} MB at the end.
`;
}

function list(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .toSorted((a, b) => b[1] - a[1])
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}
