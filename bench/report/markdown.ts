import { spread } from '../lib/stats.ts';
import type { CaseResult, Row, ScenarioResult, Taken } from './results.ts';
import { ratio, typical } from './summary.ts';
import { judge, type Target, TARGETS, type Verdict } from './targets.ts';

/** The tables of one scenario. */
export function scenarioText(result: ScenarioResult, chart: (one: CaseResult) => string | undefined): string {
  const parts = result.cases.map((one) => caseText(one, chart(one)));
  return [`## ${result.title}`, result.text, ...parts].join('\n\n');
}

function caseText(result: CaseResult, chart: string | undefined): string {
  const heads = ['contender', ...result.columns.map(({ label }) => label), `x ${result.baseline} (${labelOf(result)})`, 'min..max'];
  const lines = result.rows.map((row) => `| ${cells(result, row).join(' | ')} |`);
  const table = [`| ${heads.join(' | ')} |`, `|${' --- |'.repeat(heads.length)}`, ...lines].join('\n');
  return [`### ${result.name}`, takenText(result.taken), table, aaText(result), chart === undefined ? '' : `![${result.name}](${chart})`]
    .filter((part) => part !== '')
    .join('\n\n');
}

function takenText({ date, origin, rounds, seconds, warmUp }: Taken): string {
  return `${date.slice(0, 10)}, origin ${origin}, ${rounds} rounds of ${seconds} s after ${warmUp} s of warm-up.`;
}

function labelOf({ columns, metric }: CaseResult): string {
  return columns.find(({ key }) => key === metric)?.label ?? metric;
}

function cells(result: CaseResult, row: Row): string[] {
  const name = row.version === '-' || row.version === '' ? row.name : `${row.name} ${row.version}`;
  if (row.absent !== undefined) return [name, row.absent, ...result.columns.map(() => ''), ''];
  const figures = result.columns.map(({ key, digits = 0 }) => number(typical(row, key), digits));
  const found = ratio(result, row.name, result.baseline);
  if (found === undefined) return [name, ...figures, '-', '-'];
  return [name, ...figures, found.median.toFixed(2), `${found.min.toFixed(2)}..${found.max.toFixed(2)}`];
}

function aaText(result: CaseResult): string {
  if (result.aa.length === 0) return '';
  const { median, min, max } = spread(result.aa);
  const text = `A/A (${result.baseline} against itself): ${median.toFixed(2)} [${min.toFixed(2)}..${max.toFixed(2)}].`;
  return result.void ? `${text} **Void: outside 0.9 to 1.1, nothing follows from this table.**` : text;
}

function number(value: number, digits: number): string {
  if (Number.isNaN(value)) return '-';
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** The table of targets. */
export function targetsText(results: readonly ScenarioResult[]): string {
  const lines = TARGETS.map((target) => verdictLine(judge(target, results)));
  return ['## Targets', ['| target | wanted | measured | |', '| --- | --- | --- | --- |', ...lines].join('\n')].join('\n\n');
}

function verdictLine({ target, state, value }: Verdict): string {
  return `| ${target.text} | ${wanted(target)} | ${value === undefined ? '-' : number(value, value < 10 ? 2 : value < 100 ? 1 : 0)} | ${state} |`;
}

function wanted({ atLeast, atMost }: Target): string {
  if (atLeast === undefined && atMost === undefined) return '-';
  return atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
}
