import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import type { Exchange, LateAnswer } from '../model/exchange.ts';
import { clientClosed, type Failure, failure } from '../model/failure.ts';
import { headerValue } from '../model/headers.ts';
import type { Outcome, Reply } from '../model/outcome.ts';
import type { Answered, Layer, Service } from '../model/service.ts';
import { type Ledger, Sent } from './ledger.ts';
import { isRepeatable } from './repeatable.ts';
import { requestKey } from './request-key.ts';
import type { SharedSends } from './shared-sends.ts';
import { heldBack, settled } from './rejoin.ts';
import { readWhole, replayed } from './whole-answer.ts';

/** How the same request is kept from being sent twice. */
export interface ResendOptions {
  readonly windowMs: number;
  /** How long a call whose time was up goes on for its answer; 0: not at all. */
  readonly lateMs: number;
  readonly onUnknown: 'send' | 'hold';
  readonly maxAnswerBytes: number;
  readonly maxEntries: number;
  readonly repeatable: boolean | undefined;
  readonly observe: boolean;
}

/** What a resend layer needs from outside. */
export interface ResendParts {
  readonly clock: Clock;
  readonly observer: Observer;
  /** Where sendings are remembered whose client is in the dark: the upstream's, which outlives a reload. */
  readonly ledger: () => Ledger;
  /** Sendings of other processes that serve the same upstream; undefined where there is none. */
  readonly sends?: (() => SharedSends | undefined) | undefined;
  /** Says what an answer means that came too late for the layers inside. */
  readonly judge: (exchange: Exchange, late: Reply) => Answered;
}

/** Methods that send nothing. */
const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/**
 * Never sends the same request twice because the client does not know what came of the first: once it has left, or was told that the outcome is unknown, the upstream call goes on to its end, and
 * the same request posted again joins it or gets its answer. Two requests that both got their answers are two requests. For routes whose requests may not be repeated, and those with an
 * `Idempotency-Key`.
 */
export function resend(options: ResendOptions, parts: ResendParts): Layer {
  return (next) => {
    const context: ResendContext = { options, parts, next };
    return (exchange) => {
      const key = applies(exchange, options) ? requestKey(exchange) : undefined;
      if (key === undefined) return next(exchange);
      const earlier = parts.ledger().claim(key);
      if (options.observe) return watch(context, exchange, key, earlier);
      if (earlier !== undefined) return rejoin(context, exchange, earlier);
      const sends = parts.sends?.();
      return sends?.knows(key) === true ? rejoinElsewhere(context, exchange, key, sends) : send(context, exchange, key);
    };
  };
}

interface ResendContext {
  readonly options: ResendOptions;
  readonly parts: ResendParts;
  readonly next: Service;
}

function applies(exchange: Exchange, options: ResendOptions): boolean {
  if (READS.has(exchange.method)) return false;
  return !isRepeatable(exchange, options.repeatable) || headerValue(exchange.headers, 'idempotency-key') !== undefined;
}

/** Sends, in a way that the client's departure does not end, and remembers it if the client does not learn what came of it. */
async function send(context: ResendContext, exchange: Exchange, key: string): Promise<Outcome> {
  const { options, parts, next } = context;
  const sent = new Sent(key, options.windowMs);
  const sends = parts.sends?.();
  sends?.started(key);
  const branch = exchange.branch({ detached: true });
  const late = new Late(context, branch, sent);
  if (options.lateMs > 0 && !isRepeatable(exchange, options.repeatable)) branch.late = late;
  exchange.onAbort(() => {
    exchange.outcomeUnknown = true;
    remember(context, sent);
  });
  const outcome = await next(branch);
  exchange.adopt(branch);
  if (outcome.type === 'failure' && outcome.replay === 'ambiguous' && late.pending) {
    remember(context, sent);
    return outcome;
  }
  const settled = await settle(context, branch, sent, outcome);
  if (!parts.ledger().has(sent)) sends?.over(key);
  return settled;
}

/** Notes what came of a sending, and remembers it where that is unknown. Gives the outcome for the client. */
async function settle(context: ResendContext, exchange: Exchange, sent: Sent, outcome: Outcome): Promise<Outcome> {
  if (outcome.type === 'failure') {
    settleFailure(context, exchange, sent, outcome);
    return outcome;
  }
  if (isStream(outcome)) {
    sent.settle({ name: 'void' });
    return outcome;
  }
  const whole = await readWhole(outcome, context.options.maxAnswerBytes);
  if (whole.recorded !== undefined) sent.settle({ name: 'answered', answer: whole.recorded });
  else if (whole.outcome.type === 'failure') settleFailure(context, exchange, sent, whole.outcome);
  else sent.settle({ name: 'unkept' });
  renew(context, sent);
  return whole.outcome;
}

/** A stream is read as it comes: holding it back to keep it would take from it what it is for. */
function isStream({ headers }: Reply): boolean {
  return /^text\/event-stream\b/i.test(headerValue(headers, 'content-type') ?? '');
}

function settleFailure(context: ResendContext, exchange: Exchange, sent: Sent, failed: Failure): void {
  if (!isOpen(exchange, failed)) {
    sent.settle({ name: 'void' });
    renew(context, sent);
    return;
  }
  sent.settle({ name: 'unknown', failure: { ...failed, replay: 'ambiguous', reply: undefined } });
  remember(context, sent);
}

/** Whether nobody knows what came of a request: its last attempt failed so, or was never made where one before it had. */
function isOpen({ leftOpen }: Exchange, { own, replay }: Failure): boolean {
  if (replay === 'unsent' || replay === 'refused') return leftOpen !== 'nothing';
  return replay === 'ambiguous' && !own;
}

function remember({ options, parts }: ResendContext, sent: Sent): void {
  parts.ledger().add(sent, options.maxEntries);
  parts.sends?.()?.remembered(sent.key);
}

function renew({ options, parts }: ResendContext, sent: Sent): void {
  parts.ledger().renew(sent, options.maxEntries);
}

/** The same request again, after one that another process may have sent. */
async function rejoinElsewhere(context: ResendContext, exchange: Exchange, key: string, sends: SharedSends): Promise<Outcome> {
  const { options, parts } = context;
  const state = await sends.claim(key, exchange.deadlineAt);
  if (state === undefined) return send(context, exchange, key);
  if (state.name === 'running') {
    parts.observer.duplicatePrevented(exchange, 'held');
    return heldBack(undefined, 'running');
  }
  const earlier = new Sent(key, options.windowMs);
  earlier.settle(state);
  sends.started(key);
  const outcome = await rejoin(context, exchange, earlier);
  if (!parts.ledger().has(earlier)) sends.over(key);
  return outcome;
}

/** The same request again, after one whose client does not know what came of it. */
async function rejoin(context: ResendContext, exchange: Exchange, earlier: Sent): Promise<Outcome> {
  const { options, parts } = context;
  const putBack = (): void => remember(context, earlier);
  exchange.onAbort(putBack);
  const wasRunning = earlier.state.name === 'running';
  const ended = await settled(earlier, exchange, parts.clock);
  const { state } = earlier;
  if (ended === 'left') return clientClosed('headers');
  if (state.name === 'answered') {
    const how = wasRunning ? 'joined' : 'replayed';
    parts.observer.duplicatePrevented(exchange, how);
    return replayed(state.answer, how);
  }
  if (state.name === 'running' || state.name === 'unkept' || (state.name === 'unknown' && options.onUnknown === 'hold')) {
    putBack();
    parts.observer.duplicatePrevented(exchange, 'held');
    return heldBack(state.name === 'unknown' ? state.failure : undefined, state.name);
  }
  exchange.offAbort(putBack);
  return send(context, exchange, earlier.key);
}

/** Only counts: the client's departure ends the call as everywhere else, so what would have come of it is not known. */
async function watch(context: ResendContext, exchange: Exchange, key: string, earlier: Sent | undefined): Promise<Outcome> {
  const { options, parts, next } = context;
  if (earlier !== undefined) parts.observer.wouldHave(exchange, 'resend', 'prevented');
  const sent = new Sent(key, options.windowMs);
  exchange.onAbort(() => remember(context, sent));
  const outcome = await next(exchange);
  if (outcome.type === 'failure' && !exchange.aborted) settleFailure(context, exchange, sent, outcome);
  return outcome;
}

/** Waits for the answer of a call that went on after its time was up. */
class Late implements LateAnswer {
  readonly waitMs: number;
  readonly #context: ResendContext;
  readonly #exchange: Exchange;
  readonly #sent: Sent;
  pending = false;

  constructor(context: ResendContext, exchange: Exchange, sent: Sent) {
    this.waitMs = context.options.lateMs;
    this.#context = context;
    this.#exchange = exchange;
    this.#sent = sent;
  }

  awaited(): void {
    this.pending = true;
  }

  arrived(late: Reply): void {
    const { parts } = this.#context;
    parts.observer.acted(this.#exchange.root, 'resend', 'late_answer');
    Promise.resolve(parts.judge(this.#exchange, late))
      .then((outcome) => this.#take(outcome))
      .catch((bug: unknown) => {
        parts.observer.internalError(bug);
        this.lost();
      });
  }

  lost(): void {
    const detail = 'no answer came, not even late';
    this.#sent.settle({
      name: 'unknown',
      failure: failure({ code: 'http_response_timeout', phase: 'headers', kind: 'timeout', replay: 'ambiguous', detail }),
    });
    renew(this.#context, this.#sent);
  }

  /** Nobody waits for the body of a failure, or of an answer that is too large to keep. */
  async #take(outcome: Outcome): Promise<void> {
    const found = await settle(this.#context, this.#exchange, this.#sent, outcome);
    if (found.type === 'failure') found.reply?.body.abort();
    else found.body.abort();
  }
}
