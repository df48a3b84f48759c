import { render } from 'preact';
import { overviewOf } from './model/overview.ts';
import { MainPage } from './ui/main-page.ts';
import { h } from './ui/element.ts';
import { Poller } from './ui/poller.ts';

/** Ages grow also while nothing new comes. */
const TICK_MS = 1000;

const root = document.getElementById('page');
if (root === null) throw new Error('the page has no place for its content');
root.replaceChildren();
const poller = new Poller(draw);
setInterval(() => {
  if (!document.hidden) draw();
}, TICK_MS);
poller.askNow();
draw();

function draw(): void {
  const { status, trouble } = poller.known;
  const overview = status === undefined ? undefined : overviewOf(status);
  document.title = `${trouble !== undefined ? '? unreachable' : overview === undefined ? '…' : `${overview.mark} ${overview.word}`} – Breakwater`;
  if (root !== null) render(h(MainPage, { poller }), root);
}
