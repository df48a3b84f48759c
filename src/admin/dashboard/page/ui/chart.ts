import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { latency, rate } from '../model/format.ts';
import type { Series } from '../model/history.ts';
import { optionsOf } from './chart-options.ts';
import { h } from './element.ts';

const HEIGHT = 150;
const KEYS = ['requests', 'failed', 'p95'] as const;
const NAMES = { requests: 'requests/s', failed: 'failed/s', p95: 'P95' } as const;

/** The course of one upstream. Below the pointer, or at its end where there is none, its values stand in text. */
export function Chart({ name, series }: { name: string; series: Series }): VNode {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [pointed, setPointed] = useState<number | null>(null);
  useEffect(() => {
    if (place.current === null) return undefined;
    const { made, end } = drawnIn(place.current, series, setPointed);
    plot.current = made;
    return end;
  }, []);
  const newest = series.times.at(-1);
  // drawn when a bucket is complete or filled from the journal, not with each second
  const drawn = `${newest} ${series.requests.filter((value) => value !== null).length}`;
  useEffect(() => plot.current?.setData(dataOf(series)), [drawn]);
  const index = pointed ?? series.times.length - 1;
  return h('figure', { class: 'chart' }, [
    h('figcaption', null, [h('b', null, name), h('span', { class: 'basis' }, timeOf(series.times[index]))]),
    h(
      'ul',
      { class: 'legend' },
      KEYS.map((key) =>
        h('li', { class: key }, [
          h('i', { 'aria-hidden': 'true' }),
          ` ${NAMES[key]} `,
          h('b', null, key === 'p95' ? latency(series.p95[index]) : rate(series[key][index])),
        ]),
      ),
    ),
    h('div', { ref: place, class: 'plot', 'aria-hidden': 'true' }),
  ]);
}

/** Draws in a place as wide as it is, and anew where that or the colours change. */
function drawnIn(at: HTMLElement, series: Series, pointed: (index: number | null) => void): { made: uPlot; end: () => void } {
  const made = new uPlot(optionsOf(at, HEIGHT, pointed), dataOf(series), at);
  const fit = new ResizeObserver(() => made.setSize({ width: at.clientWidth, height: HEIGHT }));
  fit.observe(at);
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const repaint = (): void => made.redraw();
  dark.addEventListener('change', repaint);
  const end = (): void => {
    dark.removeEventListener('change', repaint);
    fit.disconnect();
    made.destroy();
  };
  return { made, end };
}

function dataOf({ times, requests, failed, p95 }: Series): uPlot.AlignedData {
  return [[...times], [...requests], [...failed], [...p95]];
}

function timeOf(seconds: number | undefined): string {
  return seconds === undefined ? '' : `10 s to ${new Date(seconds * 1000).toTimeString().slice(0, 8)}`;
}
