import type { VNode } from 'preact';
import type { History } from '../model/history.ts';
import type { StatusAnswer } from '../model/wire.ts';
import { Chart } from './chart.ts';
import { h } from './element.ts';

/** One chart per upstream, all over the same half hour, so that what happened at once stands at one place. */
export function Charts({ status, history }: { status: StatusAnswer; history: History }): VNode {
  const now = Date.parse(status.time);
  return h('section', { id: 'traffic', 'aria-labelledby': 'traffic-title' }, [
    h('h2', { id: 'traffic-title' }, 'Traffic'),
    h(
      'p',
      { class: 'basis' },
      'The last half hour, as far as it is known: requests and failures per second, in steps of 10 s; P95 of the 5 minutes before each. Where nothing is drawn nothing is known.',
    ),
    h(
      'div',
      { class: 'charts' },
      Object.keys(status.dependencies).map((name) => h(Chart, { key: name, name, series: history.series(name, now) })),
    ),
  ]);
}
