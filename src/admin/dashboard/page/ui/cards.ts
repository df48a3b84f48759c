import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { type BreakerLine, type Card, cardOf, type Figure } from '../model/card.ts';
import type { History } from '../model/history.ts';
import type { StatusAnswer } from '../model/wire.ts';
import { BreakerDialog, type Wish } from './breaker-dialog.ts';
import { h } from './element.ts';
import { SignMark } from './overview.ts';

interface CardsParts {
  readonly status: StatusAnswer;
  readonly history: History;
  readonly now: number;
  /** What is shown is old: nothing can be changed by it. */
  readonly stale: boolean;
  readonly changed: () => void;
}

/** One card per dependency, always in the order of the configuration: what is looked for stays where it was. */
export function Cards({ status, history, now, stale, changed }: CardsParts): VNode {
  const [wish, setWish] = useState<Wish | undefined>(undefined);
  const cards = Object.entries(status.dependencies).map(([name, dependency]) => {
    const hosts = status.upstreams.find((one) => one.name === name)?.hosts ?? [];
    return cardOf({ name, hosts, dependency, recent: history.recent(Date.parse(status.time), name), now });
  });
  return h('section', { id: 'dependencies', 'aria-labelledby': 'dependencies-title' }, [
    h('h2', { id: 'dependencies-title' }, 'Dependencies'),
    h(
      'div',
      { class: 'cards' },
      cards.map((card) => h(DependencyCard, { key: card.name, card, stale, wanted: setWish })),
    ),
    wish === undefined ? null : h(BreakerDialog, { wish, stale, changed, closed: () => setWish(undefined) }),
  ]);
}

interface CardParts {
  readonly card: Card;
  readonly stale: boolean;
  readonly wanted: (wish: Wish) => void;
}

function DependencyCard({ card, stale, wanted }: CardParts): VNode {
  const { name, status, mark, word, hosts, evidence, lastError, figures, breakers, notes } = card;
  return h('article', { class: `card ${status}`, 'aria-label': name, id: `dependency-${name}` }, [
    h('div', { class: 'card-head' }, [h('h3', null, name), h('span', { class: `pill ${status}` }, [h(SignMark, { mark }), ` ${word}`])]),
    h('p', { class: 'hosts', title: hosts }, hosts),
    h('p', { class: 'evidence' }, evidence),
    h('dl', { class: 'last-error' }, [
      h('dt', null, 'Last error'),
      h(
        'dd',
        null,
        lastError === undefined
          ? 'none since the start'
          : [
              h('b', null, lastError.head),
              h('span', { class: 'detail', title: lastError.detail }, lastError.detail),
              h('span', { class: 'basis' }, lastError.when),
            ],
      ),
    ]),
    h('div', { class: 'breakers' }, [
      h('h4', null, breakers.length > 1 ? 'Breakers' : 'Breaker'),
      breakers.length === 0
        ? h('p', { class: 'basis' }, 'none at work: none is configured, or no request has come to it yet')
        : breakers.map((line) => h(BreakerRow, { key: `${line.breaker} ${line.authority}`, line, name, stale, wanted })),
    ]),
    h(
      'dl',
      { class: 'figures' },
      figures.map((figure) => h(FigureCell, { key: figure.name, ...figure })),
    ),
    notes.length === 0
      ? null
      : h(
          'ul',
          { class: 'notes' },
          notes.map((text) => h('li', null, text)),
        ),
  ]);
}

function FigureCell({ name, value, basis }: Figure): VNode {
  return h('div', { class: name === 'Error rate' ? 'figure wide' : 'figure' }, [
    h('dt', null, name),
    h('dd', null, [h('b', null, value), h('span', { class: 'basis' }, basis)]),
  ]);
}

interface BreakerParts {
  readonly line: BreakerLine;
  readonly name: string;
  readonly stale: boolean;
  readonly wanted: (wish: Wish) => void;
}

function BreakerRow({ line, name, stale, wanted }: BreakerParts): VNode {
  const { breaker, authority, state, mark, text, until, action } = line;
  const verb = action === 'isolate' ? 'Hold open' : 'Release';
  return h('div', { class: `breaker ${state}` }, [
    h('p', null, [
      h('b', null, [h(SignMark, { mark }), ` ${text}`]),
      until === '' ? null : h('span', null, ` · ${until}`),
      h('span', { class: 'basis' }, `${breaker} · ${authority}`),
    ]),
    h(
      'button',
      {
        type: 'button',
        disabled: stale,
        'aria-label': `${verb} the breaker ${breaker} of ${name} for ${authority}`,
        onClick: () => wanted({ upstream: name, breaker, authority, action }),
      },
      `${verb}…`,
    ),
  ]);
}
