import type { VNode } from 'preact';
import { overviewOf, reloadProblem, signOf } from '../model/overview.ts';
import type { StatusAnswer } from '../model/wire.ts';
import { h } from './element.ts';

/** A sign for the eye; the word beside it is for everybody. */
export function SignMark({ mark }: { mark: string }): VNode {
  return h('span', { class: 'mark', 'aria-hidden': 'true' }, mark);
}

/** How the whole is doing and why; what came of the last reload; warnings of policies. */
export function Overview({ status }: { status: StatusAnswer }): VNode {
  const overview = overviewOf(status);
  const reload = reloadProblem(status);
  return h('section', { class: `overview ${overview.status}`, 'aria-labelledby': 'overview-title' }, [
    h('h2', { id: 'overview-title' }, [h(SignMark, { mark: overview.mark }), ` ${overview.word}: ${overview.title}`]),
    h(
      'ul',
      { class: 'reasons' },
      overview.reasons.map(({ status: own, subject, text }) => {
        const { mark, word } = signOf(own);
        return h('li', null, [h('span', { class: `small ${own}` }, [h(SignMark, { mark }), ` ${word}`]), ' ', h('b', null, subject), `: ${text}`]);
      }),
    ),
    reload === undefined
      ? null
      : h('div', { class: 'box degraded', id: 'reload' }, [
          h('p', null, [h(SignMark, { mark: '!' }), ` ${reload.title}`]),
          h(
            'ul',
            null,
            reload.problems.map((text) => h('li', null, h('code', null, text))),
          ),
        ]),
    status.warnings.length === 0
      ? null
      : h('details', { class: 'box' }, [
          h('summary', null, `Warnings of policies: ${status.warnings.length}`),
          h(
            'ul',
            null,
            status.warnings.map(({ upstream, route, policy, text }) =>
              h('li', null, [h('b', null, `${upstream}, route ${route}, ${policy}`), `: ${text}`]),
            ),
          ),
        ]),
  ]);
}
