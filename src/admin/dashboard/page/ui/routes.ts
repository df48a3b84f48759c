import type { VNode } from 'preact';
import { span } from '../model/format.ts';
import type { History } from '../model/history.ts';
import { type RouteRow, routeTable } from '../model/routes.ts';
import type { StatusAnswer } from '../model/wire.ts';
import { h } from './element.ts';
import { SignMark } from './overview.ts';

const COLUMNS = ['Requests', 'Failed', 'Error rate', 'P50', 'P95', 'P99', 'Retries', 'Cache hits', 'Requests since start'] as const;

/** A table of the routes that were taken. */
export function Routes({ status, history }: { status: StatusAnswer; history: History }): VNode {
  const { rows, spanMs, unused } = routeTable(status, history);
  const more = unused === 0 ? '' : ` ${unused === 1 ? 'One route has' : `${unused} routes have`} had no request since the start.`;
  return h('section', { id: 'routes', 'aria-labelledby': 'routes-title' }, [
    h('h2', { id: 'routes-title' }, 'Routes'),
    h('p', { class: 'basis' }, `Requests, failures and retries of the last ${span(spanMs)}; latencies and cache hits of the last 5 min.${more}`),
    h('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-labelledby': 'routes-title' }, [
      h('table', null, [
        h(
          'thead',
          null,
          h('tr', null, [h('th', { scope: 'col' }, 'Route'), ...COLUMNS.map((name) => h('th', { scope: 'col', class: 'number' }, name))]),
        ),
        h(
          'tbody',
          null,
          rows.length === 0
            ? h('tr', null, h('td', { colSpan: COLUMNS.length + 1 }, 'No request has come yet.'))
            : rows.map((row) => h(Row, { key: row.key, row })),
        ),
      ]),
    ]),
  ]);
}

function Row({ row }: { row: RouteRow }): VNode {
  const numbers = [row.requests, row.failed, row.errorRate, row.p50, row.p95, row.p99, row.retries, row.cacheHits, row.total];
  return h('tr', { class: row.troubled ? 'troubled' : '' }, [
    h('th', { scope: 'row' }, [
      h('span', { class: 'slot' }, row.troubled ? h(SignMark, { mark: '✕' }) : null),
      h('span', { class: 'of' }, `${row.upstream} · `),
      row.route,
    ]),
    ...numbers.map((text) => h('td', { class: 'number' }, text)),
  ]);
}
