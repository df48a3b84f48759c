import type { VNode } from 'preact';
import { span } from '../model/format.ts';
import { overviewOf } from '../model/overview.ts';
import type { StatusAnswer } from '../model/wire.ts';
import { Cards } from './cards.ts';
import { Charts } from './charts.ts';
import { h } from './element.ts';
import { Exchanges } from './exchanges.ts';
import { Overview, SignMark } from './overview.ts';
import type { Poller } from './poller.ts';
import { Routes } from './routes.ts';

/** The whole page. Rendered anew each second, since ages grow. */
export function MainPage({ poller }: { poller: Poller }): VNode {
  const { known, history } = poller;
  const { status, trouble, receivedAt } = known;
  if (status === undefined)
    return h('p', { class: 'waiting', role: 'status' }, trouble === undefined ? 'Asking Breakwater how it is doing…' : unreached(trouble.text));
  const now = Date.parse(status.time) + performance.now() - receivedAt;
  const stale = trouble !== undefined;
  return h('div', null, [
    h(Head, { status, trouble, receivedAt }),
    h('main', { class: stale ? 'stale' : '', key: 'main' }, [
      h(Overview, { status }),
      h(Cards, { status, history, now, stale, changed: () => poller.askNow() }),
      h(Charts, { status, history }),
      h(Routes, { status, history }),
      h(Exchanges, { known, filter: (filter) => poller.filter(filter) }),
      h(Foot, { status }),
    ]),
  ]);
}

interface HeadParts {
  readonly status: StatusAnswer;
  readonly trouble: { readonly since: number; readonly text: string } | undefined;
  readonly receivedAt: number;
}

/** Stays at the top: how it is, and how old that is. Its size does not depend on what it says. */
function Head({ status, trouble, receivedAt }: HeadParts): VNode {
  const overview = overviewOf(status);
  const age = span(performance.now() - receivedAt);
  const word = trouble === undefined ? overview.word : `${overview.word} ${age} ago`;
  return h('header', { class: 'head' }, [
    h('div', { class: 'head-line' }, [
      h('h1', null, 'Breakwater'),
      h('span', { class: `pill ${trouble === undefined ? overview.status : 'unknown'}`, id: 'overall' }, [
        h(SignMark, { mark: overview.mark }),
        ` ${word}`,
      ]),
      h(
        'nav',
        { 'aria-label': 'Parts of the page' },
        NAV.map(([href, text]) => h('a', { href }, text)),
      ),
    ]),
    h('p', { class: `live ${trouble === undefined ? '' : 'lost'}`, id: 'live' }, trouble === undefined ? live(age) : lost(trouble, age)),
    // told to who hears the page once it changes, not each second
    h('p', { class: 'unseen', role: 'status' }, trouble === undefined ? `${overview.word}. ${overview.title}.` : 'Breakwater cannot be reached.'),
  ]);
}

const NAV = [
  ['#dependencies', 'Dependencies'],
  ['#traffic', 'Traffic'],
  ['#routes', 'Routes'],
  ['#exchanges', 'Exchanges'],
] as const;

function live(age: string): (VNode | string)[] {
  return [h(SignMark, { mark: '●' }), ` Live, every 2 s · last answer ${age} ago`];
}

function lost({ since, text }: { since: number; text: string }, age: string): (VNode | string)[] {
  return [h(SignMark, { mark: '✕' }), ` Breakwater cannot be reached for ${span(performance.now() - since)} (${text}). All below is ${age} old.`];
}

function unreached(text: string): string {
  return `✕ Breakwater cannot be reached (${text}). This page goes on trying.`;
}

function Foot({ status }: { status: StatusAnswer }): VNode {
  const { version, uptimeSeconds, config, internalErrors } = status;
  return h('footer', null, [
    h(
      'p',
      null,
      `Version ${version} · up for ${span(uptimeSeconds * 1000)} · configuration: ${config.file ?? 'none'} · internal errors since the start: ${internalErrors}`,
    ),
    h('p', null, [
      h('a', { href: 'api' }, 'All endpoints'),
      ' · ',
      h('a', { href: 'health?verbose' }, 'Health'),
      ' · ',
      h('a', { href: 'metrics' }, 'Metrics'),
      ' · ',
      h('a', { href: 'api/config' }, 'Configuration'),
    ]),
  ]);
}
