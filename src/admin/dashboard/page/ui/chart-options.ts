import type uPlot from 'uplot';
import { latency, rate } from '../model/format.ts';

/** Colours come from the style sheet, so that they are those of the scheme at the time of drawing. */
function colour(place: Element, name: string): () => string {
  return () => getComputedStyle(place).getPropertyValue(name).trim();
}

/** How a chart is drawn: requests as a line, failures as a filled one, P95 as a dashed one by the scale at the right. */
export function optionsOf(place: HTMLElement, height: number, pointed: (index: number | null) => void): uPlot.Options {
  const colours = { text: colour(place, '--muted'), grid: colour(place, '--line') };
  const axis = { stroke: colours.text, font: '11px system-ui, sans-serif', grid: { stroke: colours.grid, width: 1 }, ticks: { show: false } };
  return {
    width: place.clientWidth,
    height,
    padding: [8, 0, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, sync: { key: 'all' }, points: { show: false } },
    select: { show: false, left: 0, top: 0, width: 0, height: 0 },
    scales: { x: { time: true }, y: { range: fromNought(0.2) }, ms: { range: fromNought(10) } },
    axes: [
      { ...axis, size: 24, space: 70, values: (_plot, splits) => splits.map((at) => new Date(at * 1000).toTimeString().slice(0, 5)) },
      { ...axis, size: 42, values: (_plot, splits) => splits.map((value) => rate(value)) },
      {
        ...axis,
        scale: 'ms',
        // an enum of declarations alone, which is no value at run time
        // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- 1 is the right side
        side: 1,
        size: 52,
        grid: { show: false },
        values: (_plot, splits) => splits.map((value) => (value === 0 ? '0' : latency(value).replace('.0 ', ' '))),
      },
    ],
    series: [
      {},
      { stroke: colour(place, '--requests'), width: 1.5, points: { show: false } },
      { stroke: colour(place, '--failed'), fill: colour(place, '--failed-fill'), width: 2, points: { show: false } },
      { scale: 'ms', stroke: colour(place, '--p95'), width: 1.5, dash: [6, 4], points: { show: false } },
    ],
    hooks: { setCursor: [(plot) => pointed(plot.cursor.idx ?? null)] },
  };
}

/** A scale that begins at nought, and has a top where there is nothing to draw. */
function fromNought(least: number): uPlot.Range.Function {
  return (_plot, _min, max) => [0, Math.max(least, (max ?? 0) * 1.1)];
}
