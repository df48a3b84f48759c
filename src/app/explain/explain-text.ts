import { formatDuration } from '../../config/units.ts';
import type { RetryDecision } from '../../model/events.ts';
import type { Explanation } from './explain.ts';
import type { Untouched } from './find-route.ts';
import type { Effect } from './simulate.ts';

/** Why a request was not sent again, in words. */
const STOPPED: Readonly<Record<RetryDecision, string>> = {
  retried: '',
  attempts: 'all attempts used',
  budget: 'the retry budget is used up',
  deadline: 'no time is left, or the wait asked for is too long',
  body: 'its body is gone',
  not_repeatable: 'it may not be sent again',
  client_retries: 'the client retries by itself',
  breaker: 'the breaker is open',
  patience: 'the client would be gone',
};

/** An explanation as a page of text for an operator. */
export function explanationText(explanation: Explanation | Untouched): string {
  if ('passthrough' in explanation)
    return `${explanation.passthrough} is in passthrough: it is tunnelled untouched (CONNECT), and no policy holds for it.`;
  const { upstream, because, request, route, tried, layers } = explanation;
  const width = Math.max(...layers.map(({ name }) => name.length));
  return [
    request,
    '',
    `upstream  ${upstream}   (${because})`,
    `way       ${explanation.way}`,
    `route     ${route}   (${tried.at(-1)?.because ?? ''})`,
    ...tried.slice(0, -1).map((one) => `          - ${one.route}: ${one.because}`),
    `again     ${explanation.repeatable ? 'yes: it may be sent again whatever came of it' : 'only where the upstream surely did nothing'}`,
    `breaker   ${breakerWords(explanation)}`,
    `cache key ${explanation.cacheKey?.join(', ') ?? 'none: not answered from the cache'}`,
    ...(explanation.droppedBy === undefined ? [] : [`dropped   by ${explanation.droppedBy}`]),
    `time      ${timeWords(explanation)}`,
    '',
    'Layers, outermost first',
    ...layers.map(({ name, words }) => `  ${name.padEnd(width)}  ${words}`),
    '',
    'What would happen',
    ...table(explanation.effects),
    '',
  ].join('\n');
}

function breakerWords({ breaker }: Explanation): string {
  return breaker === undefined ? 'none' : `${breaker.group}, one for each ${breaker.scope.join(' and ')}`;
}

function timeWords({ worstCaseMs, totalMs }: Explanation): string {
  const worst = worstCaseMs === Infinity ? 'without bound' : formatDuration(Math.round(worstCaseMs));
  if (totalMs === undefined) return `at worst ${worst}; no total ends it`;
  return worstCaseMs > totalMs
    ? `at worst ${worst} for all attempts; total ends it after ${formatDuration(totalMs)}`
    : `at worst ${worst}, within total ${formatDuration(totalMs)}`;
}

function table(effects: readonly Effect[]): string[] {
  const rows = effects.map((effect) => [effect.when, effect.replay ?? 'an answer', attemptsWords(effect), clientWords(effect)]);
  const head = ['when', 'class', 'attempts', 'the client gets'];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [head, ...rows].map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
}

function attemptsWords({ attempts, stopped }: Effect): string {
  return stopped === undefined || STOPPED[stopped] === '' ? String(attempts) : `${attempts} (${STOPPED[stopped]})`;
}

function clientWords(effect: Effect): string {
  const { status, code, fallback, broken, outcomeUnknown, acts } = effect;
  const who = fallback !== undefined ? ` from the fallback ${fallback}` : code !== undefined ? ` ${code}` : broken ? '' : " (the upstream's own)";
  const words = [
    `${status}${who}`,
    broken ? 'and a connection that breaks' : '',
    outcomeUnknown ? 'outcome unknown' : '',
    acts.includes('resume: resumed') ? 'the download goes on' : '',
  ];
  return words.filter((word) => word !== '').join(', ');
}
