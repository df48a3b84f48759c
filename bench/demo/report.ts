import type { Figures, Spread } from './figures.ts';
import { scrape, sumBy } from './metrics.ts';

/** A goal of the demo and whether the figures meet it. */
export interface Goal {
  readonly words: string;
  readonly met: boolean;
}

/** The longest wait that the incident allows, for one call. */
const LONGEST_MS = 15_000;

/** What Breakwater has to reach, and what direct calls must not, for the comparison to mean anything. */
export function goalsOf(direct: Figures, through: Figures): Goal[] {
  return [
    { words: `success of direct requests is at most 90 % (${percent(direct.requests.okShare)})`, met: direct.requests.okShare <= 0.9 },
    { words: `success through Breakwater is at least 99.5 % (${percent(through.requests.okShare)})`, met: through.requests.okShare >= 0.995 },
    {
      words: `mean through Breakwater is at most half of direct (${percent(through.requests.mean / direct.requests.mean)})`,
      met: through.requests.mean <= direct.requests.mean / 2,
    },
    { words: `no call through Breakwater waits over 15 s (${seconds(through.calls.longest)})`, met: through.calls.longest <= LONGEST_MS },
    { words: `no message is sent twice (${through.duplicateMessages})`, met: through.duplicateMessages === 0 },
    { words: `no row is inserted twice (${through.duplicateInserts})`, met: through.duplicateInserts === 0 },
  ];
}

/** Both halves side by side, as text. */
export function tableOf(direct: Figures, through: Figures): string {
  const lines = [
    ['', 'direct', 'Breakwater'],
    ...spreadLines('request', direct.requests, through.requests),
    ...spreadLines('call', direct.calls, through.calls),
    ...Object.keys(direct.reached).flatMap((name) => [
      [`${name}: calls that reached it`, String(direct.reached[name]?.calls), String(through.reached[name]?.calls)],
      [`${name}: connections opened`, String(direct.reached[name]?.connections), String(through.reached[name]?.connections)],
    ]),
    ['messages sent twice', String(direct.duplicateMessages), String(through.duplicateMessages)],
    ['rows inserted twice', String(direct.duplicateInserts), String(through.duplicateInserts)],
  ];
  return lines.map(([name = '', left = '', right = '']) => `${name.padEnd(36)}${left.padStart(14)}${right.padStart(14)}`).join('\n');
}

/** Why requests failed, most frequent first. */
export function failuresOf(title: string, { failures }: Figures, atMost = 8): string {
  if (failures.length === 0) return `${title}: no request failed`;
  const shown = failures.slice(0, atMost).map(([reason, count]) => `  ${String(count).padStart(4)}  ${reason}`);
  const rest = failures.slice(atMost).reduce((sum, [, count]) => sum + count, 0);
  return [`${title}: requests failed by`, ...shown, ...(rest > 0 ? [`  ${String(rest).padStart(4)}  other reasons`] : [])].join('\n');
}

/** What Breakwater says of itself. */
export async function ownWords(adminUrl: string): Promise<string> {
  const samples = await scrape(adminUrl);
  return [
    'What /metrics of Breakwater says',
    `  retries, by decision:        ${sumBy(samples, 'breakwater_retries_total', 'decision')}`,
    `  failed attempts, by reason:  ${sumBy(samples, 'breakwater_retries_total', 'reason')}`,
    `  cache lookups, by result:    ${sumBy(samples, 'breakwater_cache_requests_total', 'result')}`,
    `  breakers, by state entered:  ${sumBy(samples, 'breakwater_breaker_transitions_total', 'to')}`,
  ].join('\n');
}

function spreadLines(what: string, direct: Spread, through: Spread): string[][] {
  const line = (name: string, pick: (spread: Spread) => string): string[] => [`${what}s: ${name}`, pick(direct), pick(through)];
  return [
    line('number', ({ count }) => String(count)),
    line('success', ({ okShare }) => percent(okShare)),
    line('mean', ({ mean }) => seconds(mean)),
    line('P50', ({ p50 }) => seconds(p50)),
    line('P95', ({ p95 }) => seconds(p95)),
    line('P99', ({ p99 }) => seconds(p99)),
    line('longest wait', ({ longest }) => seconds(longest)),
  ];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function seconds(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : `${Math.round(ms)} ms`;
}
