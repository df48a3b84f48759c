import type { VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { change } from './api.ts';
import { h } from './element.ts';

/** What somebody wants to do to a breaker. */
export interface Wish {
  readonly upstream: string;
  readonly breaker: string;
  readonly authority: string;
  readonly action: 'isolate' | 'reset';
}

interface DialogParts {
  readonly wish: Wish;
  readonly stale: boolean;
  /** It was done. */
  readonly changed: () => void;
  readonly closed: () => void;
}

/** Asks before it is done: what is held open answers nobody. */
export function BreakerDialog({ wish, stale, changed, closed }: DialogParts): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  const done = async (): Promise<void> => {
    setBusy(true);
    try {
      await change(pathOf(wish));
      changed();
      dialog.current?.close();
    } catch (error) {
      setProblem(`It was not done: ${error instanceof Error ? error.message : String(error)}`);
      setBusy(false);
    }
  };
  const { title, text, verb } = wordsOf(wish);
  return h('dialog', { ref: dialog, onClose: closed, 'aria-labelledby': 'dialog-title' }, [
    h('h2', { id: 'dialog-title' }, title),
    h('p', null, text),
    h('p', { class: 'problem', role: 'alert' }, problem),
    h('div', { class: 'buttons' }, [
      // first, since the first gets the focus: the one that does nothing
      h('button', { type: 'button', onClick: () => dialog.current?.close() }, 'Cancel'),
      h('button', { type: 'button', class: 'act', disabled: stale || busy, onClick: () => void done() }, verb),
    ]),
  ]);
}

function pathOf({ upstream, breaker, authority, action }: Wish): string {
  return `api/breakers/${encodeURIComponent(upstream)}/${encodeURIComponent(breaker)}/${action}?authority=${encodeURIComponent(authority)}`;
}

function wordsOf({ upstream, breaker, authority, action }: Wish): { title: string; text: string; verb: string } {
  const which = `The breaker ${breaker} of ${upstream} for ${authority}`;
  if (action === 'reset')
    return {
      title: 'Release this breaker?',
      text: `${which} is closed: requests go out again, and it opens by itself where they fail.`,
      verb: 'Release',
    };
  const text = `${which} stays open until somebody releases it. Its requests are not sent: each is answered at once, from the cache or by a fallback where there is one, with an error where not.`;
  return { title: 'Hold this breaker open?', text, verb: 'Hold open' };
}
