import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { type ExchangeRow, exchangeRow } from '../model/exchange.ts';
import type { ExchangeAnswer } from '../model/wire.ts';
import { h } from './element.ts';
import { SignMark } from './overview.ts';
import type { Filter, Known } from './poller.ts';

interface ExchangesParts {
  readonly known: Known;
  readonly filter: (filter: Filter) => void;
}

/** The last exchanges. While one is open the list stands still: nothing moves away from under who reads it. */
export function Exchanges({ known, filter }: ExchangesParts): VNode {
  const [open, setOpen] = useState('');
  const [held, setHeld] = useState<readonly ExchangeAnswer[] | undefined>(undefined);
  const shown = held ?? known.exchanges;
  const release = (): void => {
    setOpen('');
    setHeld(undefined);
  };
  const toggle = (id: string): void => {
    if (id === open) return release();
    setOpen(id);
    setHeld(shown);
  };
  const narrowed = (wanted: Filter): void => {
    release();
    filter(wanted);
  };
  const rows = shown.map(exchangeRow);
  return h('section', { id: 'exchanges', 'aria-labelledby': 'exchanges-title' }, [
    h('h2', { id: 'exchanges-title' }, 'Recent exchanges'),
    h(Filters, { known, filter: narrowed }),
    h(
      'p',
      { class: 'basis held' },
      held === undefined
        ? 'The last 50, newest first. Open one for its attempts; the list stands still meanwhile.'
        : ['The list stands still. ', h('button', { type: 'button', onClick: release }, 'Go on')],
    ),
    rows.length === 0
      ? h('p', { class: 'none' }, known.filter.failed ? 'None has failed.' : 'None yet.')
      : h(
          'ol',
          { class: 'exchange-list' },
          rows.map((row) => h(Exchange, { key: row.id, row, open: row.id === open, toggle })),
        ),
  ]);
}

function Filters({ known, filter }: ExchangesParts): VNode {
  const names = Object.keys(known.status?.dependencies ?? {});
  const { upstream, failed } = known.filter;
  return h('form', { class: 'filters', onSubmit: (event: Event) => event.preventDefault() }, [
    h('label', null, [
      'Upstream ',
      h('select', { value: upstream, onChange: (event: Event) => filter({ failed, upstream: (event.currentTarget as HTMLSelectElement).value }) }, [
        h('option', { value: '' }, 'all'),
        ...names.map((name) => h('option', { value: name }, name)),
      ]),
    ]),
    h('label', null, [
      h('input', {
        type: 'checkbox',
        checked: failed,
        onChange: (event: Event) => filter({ upstream, failed: (event.currentTarget as HTMLInputElement).checked }),
      }),
      ' failed only',
    ]),
  ]);
}

function Exchange({ row, open, toggle }: { row: ExchangeRow; open: boolean; toggle: (id: string) => void }): VNode {
  return h('li', { class: row.troubled ? 'troubled' : '' }, [
    h('button', { type: 'button', class: 'exchange', 'aria-expanded': open, onClick: () => toggle(row.id) }, [
      h('span', { class: 'when' }, row.time),
      h('span', { class: 'outcome' }, [h(SignMark, { mark: row.mark }), ` ${row.outcome}`]),
      h('span', { class: 'status' }, row.status),
      h('span', { class: 'request', title: row.request }, row.request),
      h('span', { class: 'place' }, row.place),
      h('span', { class: 'tries' }, row.attempts),
      h('span', { class: 'elapsed' }, row.elapsed),
    ]),
    open ? h(Detail, { row }) : null,
  ]);
}

function Detail({ row }: { row: ExchangeRow }): VNode {
  return h('div', { class: 'detail-box' }, [
    h('p', { class: 'whole' }, h('code', null, row.request)),
    row.failure === undefined ? null : h('p', null, [h('b', null, 'Failed: '), row.failure]),
    h(
      'ol',
      { class: 'attempts' },
      row.tries.map(({ number, result, detail, times }) =>
        h('li', null, [
          h('b', null, `${number}: ${result}`),
          detail === '' ? null : h('span', null, ` ${detail}`),
          h('span', { class: 'basis' }, times),
        ]),
      ),
    ),
    row.tries.length === 0 ? h('p', null, 'No attempt was made: nothing went to the upstream.') : null,
    h(
      'dl',
      { class: 'facts' },
      row.facts.map(([name, text]) => h('div', null, [h('dt', null, name), h('dd', null, text)])),
    ),
  ]);
}
