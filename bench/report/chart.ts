import type { CaseResult } from './results.ts';
import { typical } from './summary.ts';

const WIDTH = 720;
const NAME_WIDTH = 150;
const BAR_WIDTH = 440;
const LINE = 24;

/** A bar for each contender: the median of the case's figure. Undefined where there is nothing to draw. */
export function barChart(title: string, result: CaseResult): string | undefined {
  const { metric } = result;
  const label = result.columns.find(({ key }) => key === metric)?.label ?? metric;
  const measured = result.rows.filter((row) => row.absent === undefined).map((row) => ({ name: row.name, value: typical(row, metric) }));
  const bars = measured
    .filter(({ value }) => !Number.isNaN(value))
    .toSorted((a, b) => (result.better === 'higher' ? b.value - a.value : a.value - b.value));
  const most = Math.max(...bars.map(({ value }) => value));
  if (bars.length === 0 || !(most > 0)) return undefined;
  const height = 48 + bars.length * LINE;
  const drawn = bars.map(({ name, value }, n) => bar(name, value, (value / most) * BAR_WIDTH, 40 + n * LINE));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#fff"/>
<text x="8" y="22" font-weight="bold">${escape(title)}: ${escape(label)} (${result.better} is better)</text>
${drawn.join('\n')}
</svg>
`;
}

function bar(name: string, value: number, width: number, y: number): string {
  const colour = name.startsWith('breakwater') || name.endsWith('routes') ? '#0b7285' : '#adb5bd';
  const text = value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 1 : 0 });
  return (
    `<text x="${NAME_WIDTH - 6}" y="${y + 14}" text-anchor="end">${escape(name)}</text>` +
    `<rect x="${NAME_WIDTH}" y="${y + 2}" width="${Math.max(1, width).toFixed(1)}" height="${LINE - 6}" fill="${colour}"/>` +
    `<text x="${NAME_WIDTH + Math.max(1, width) + 6}" y="${y + 14}">${text}</text>`
  );
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
