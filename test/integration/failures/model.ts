import type { RetryDecision } from '../../../src/model/events.ts';
import type { FailureCode } from '../../../src/model/failure.ts';
import type { Told, Trouble } from './faults.ts';
import type { Route } from './routes.ts';

/** One cell of the matrix: `healsAt` is the attempt that meets no fault any more; Infinity: none. */
export interface Cell {
  readonly route: Route;
  readonly trouble: Trouble | undefined;
  readonly healsAt: number;
}

/** A cell with what is its own: an id made of digits, and the way in. */
export interface Case extends Cell {
  readonly id: string;
  readonly way: 'prefix' | 'connect';
}

/** What has to come of a cell. */
export interface Expectation {
  /** The client's answer is the right one. */
  readonly well: boolean;
  readonly attempts: number;
  /** Attempts that met the fault. */
  readonly struck: number;
  /** How the client's answer is made where it is not the right one: the upstream's own words, ours, or a right head whose body breaks off. */
  readonly ending: 'right' | 'upstream' | 'ours' | 'broken';
  readonly status: number;
  /** Nobody knows whether it was done, and doing it twice would matter. */
  readonly unknown: boolean;
  readonly decisions: readonly RetryDecision[];
  /** How failed attempts are told. */
  readonly told: readonly Told[];
}

/** Statuses of our own answers. */
const OUR_STATUS: Partial<Record<FailureCode, number>> = {
  dns_error: 502,
  connection_refused: 502,
  connection_timeout: 504,
  tls_protocol_error: 502,
  connection_terminated: 502,
  http_response_timeout: 504,
  http_protocol_error: 502,
  http_response_incomplete: 502,
  connection_read_timeout: 504,
};

/** Last words of our codes. */
const OUR_WORD: Partial<Record<FailureCode, string>> = {
  dns_error: 'unreachable',
  connection_refused: 'unreachable',
  connection_timeout: 'timeout',
  tls_protocol_error: 'tls_error',
  connection_terminated: 'connection_lost',
  http_response_timeout: 'timeout',
  http_protocol_error: 'bad_response',
  http_response_incomplete: 'incomplete_response',
  connection_read_timeout: 'timeout',
};

/** Tries of a download to go on, in a row, that bring no byte. */
const RESUME_TRIES = 3;

/** `whatsapp_timeout` and the like. */
export function ourCode(route: Route, code: FailureCode): string {
  return `${route.code}_${OUR_WORD[code] ?? '?'}`;
}

/** The table of replay classes, once more and by itself: what has to come of a cell. */
export function expectationOf({ route, trouble, healsAt }: Cell): Expectation {
  const well: Expectation = { well: true, attempts: 1, struck: 0, ending: 'right', status: 200, unknown: false, decisions: [], told: [] };
  if (trouble === undefined || healsAt === 1) return well;
  if (trouble.body !== undefined) return afterBrokenBody(route, trouble, trouble.body, healsAt);
  return afterFailedAttempts(route, trouble, trouble.replay, healsAt);
}

function mayRepeat(route: Route, replay: Trouble['replay']): boolean {
  if (replay === 'unsent') return true;
  if (replay === 'refused') return route.refused;
  return replay === 'ambiguous' && route.repeatable;
}

function afterFailedAttempts(route: Route, trouble: Trouble, replay: Trouble['replay'], healsAt: number): Expectation {
  const told = trouble.told ?? [];
  const may = mayRepeat(route, replay);
  const goesOn = may && trouble.tooLong === undefined;
  const struck = goesOn ? Math.min(healsAt - 1, route.attempts) : 1;
  const heals = goesOn && healsAt <= route.attempts;
  const retried = Array.from({ length: heals ? struck : struck - 1 }, () => 'retried' as const);
  if (heals) return { well: true, attempts: struck + 1, struck, ending: 'right', status: 200, unknown: false, decisions: retried, told };
  const isFault = trouble.answer === undefined || judged(trouble, route);
  const last = !may ? 'not_repeatable' : struck >= route.attempts ? 'attempts' : 'deadline';
  return {
    well: false,
    attempts: struck,
    struck,
    ending: trouble.answer === undefined ? 'ours' : 'upstream',
    status: trouble.answer?.status ?? OUR_STATUS[told[0]?.code ?? 'proxy_internal_error'] ?? 0,
    unknown: replay === 'ambiguous' && !route.repeatable,
    decisions: isFault ? [...retried, last] : [],
    told,
  };
}

/** An answer that no rule names and that is no fault by its status is an answer like any other: nothing has to be decided. */
function judged({ answer, name, replay }: Trouble, { upstream }: Route): boolean {
  if (replay !== 'answered') return true;
  const status = answer?.status ?? 0;
  if (status >= 500) return true;
  return (upstream === 'whatsapp' && name.startsWith('Graph')) || name.startsWith('quota') || name === 'Supabase 402';
}

/** The head was right: what of the body came is with the client, or would be. */
function afterBrokenBody(route: Route, trouble: Trouble, body: 'whole' | 'foreign', healsAt: number): Expectation {
  const told = trouble.told ?? [];
  const head = body === 'whole' ? (route.ownStatus ?? 200) : 200;
  const broken: Expectation = { well: false, attempts: 1, struck: 1, ending: 'broken', status: head, unknown: false, decisions: [], told };
  if (route.breaks === 'as unknown') {
    const status = OUR_STATUS[told[0]?.code ?? 'proxy_internal_error'] ?? 0;
    return { ...broken, ending: 'ours', status, unknown: true };
  }
  if (body === 'whole' && route.breaks === 'before its first event') return afterFailedAttempts(route, trouble, 'ambiguous', healsAt);
  if (body === 'whole' && route.breaks === 'resumes') {
    if (healsAt === Infinity) return { ...broken, attempts: 1 + RESUME_TRIES, struck: 1 + RESUME_TRIES };
    return { ...broken, well: true, ending: 'right', attempts: healsAt, struck: healsAt - 1 };
  }
  return broken;
}
