import type { BodySink, BodySource } from '../model/body.ts';
import { type Clock, wait } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import type { Exchange } from '../model/exchange.ts';
import { type Failure, failure } from '../model/failure.ts';
import { discard, type Outcome, type Reply } from '../model/outcome.ts';
import type { Layer, Service } from '../model/service.ts';
import { backoffMs, type BackoffOptions } from './backoff.ts';
import type { RetryBudget } from './budget.ts';
import { continues, planResume, resumeHeaders, type ResumePlan, wasComplete } from './resume-plan.ts';

/** How a download that broke off goes on. */
export interface ResumeOptions {
  /** Tries in a row that bring no byte. */
  readonly attempts: number;
  /** What a try may take until its head is here, where the answer streams; Infinity where only the limits of its phases hold. */
  readonly totalMs: number;
  readonly backoff: BackoffOptions;
  readonly observe: boolean;
}

/** What a resume layer needs from outside. */
export interface ResumeParts {
  readonly budget: RetryBudget;
  readonly clock: Clock;
  readonly observer: Observer;
}

const TOO_LONG = failure({
  code: 'http_protocol_error',
  phase: 'body',
  kind: 'protocol',
  replay: 'cut',
  detail: 'the rest of the body is longer than its Content-Range',
});
const TOO_SHORT = failure({
  code: 'http_response_incomplete',
  phase: 'body',
  kind: 'protocol',
  replay: 'cut',
  detail: 'the rest of the body is shorter than its Content-Range',
});
/** Less time than this before the deadline is not enough to go on. */
const USEFUL_MS = 50;

/**
 * Goes on with a download that broke off after its head, by range, so that the client sees one unbroken body. Only where a validator proves that the rest is of the same version; in
 * every other case the body breaks for the client too, and never looks complete.
 */
export function resume(options: ResumeOptions, parts: ResumeParts): Layer {
  return (next) => async (exchange) => {
    const outcome = await next(exchange);
    if (outcome.type === 'failure' || outcome.body.whole() !== undefined) return outcome;
    const plan = planResume(exchange, outcome);
    if (plan === undefined) return outcome;
    return { ...outcome, body: new ResumedBody(outcome.body, plan, exchange, { options, parts, next }) };
  };
}

interface ResumeContext {
  readonly options: ResumeOptions;
  readonly parts: ResumeParts;
  readonly next: Service;
}

/** One body made of the beginnings and the rests that came of it. */
class ResumedBody implements BodySource, BodySink {
  readonly #plan: ResumePlan;
  readonly #exchange: Exchange;
  readonly #context: ResumeContext;
  #source: BodySource;
  #branch: Exchange | undefined;
  #sink: BodySink | undefined;
  #received = 0;
  /** How many bytes there are to be once the source has ended. Of a first answer its framing says so, of a rest its `Content-Range` alone: it may come in chunks. */
  #until = Infinity;
  /** Tries since a byte came. */
  #tries = 0;
  #delayMs = 0;
  #paused = false;
  /** False between two sources. */
  #flowing = true;
  #over = false;

  constructor(source: BodySource, plan: ResumePlan, exchange: Exchange, context: ResumeContext) {
    this.#source = source;
    this.#plan = plan;
    this.#exchange = exchange;
    this.#context = context;
  }

  whole(): Uint8Array | undefined {
    return this.#received === 0 ? this.#source.whole() : undefined;
  }

  start(sink: BodySink): void {
    this.#sink = sink;
    this.#source.start(this);
  }

  pause(): void {
    this.#paused = true;
    if (this.#flowing) this.#source.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#flowing) this.#source.resume();
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#source.abort();
    this.#branch?.abort();
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#over) return true;
    this.#received += chunk.length;
    this.#tries = 0;
    if (this.#received > this.#until) return this.#tooLong();
    return this.#sink?.onData(chunk) ?? true;
  }

  onEnd(): void {
    if (this.#over) return;
    if (this.#received < this.#until && this.#until !== Infinity) return this.onError(TOO_SHORT);
    this.#complete();
  }

  onError(failure: Failure): void {
    if (this.#over) return;
    this.#flowing = false;
    if (this.#mayGoOn(failure)) this.#goOn(failure).catch((bug: unknown) => this.#fault(bug, failure));
    else this.#breakOff(failure);
  }

  #complete(): void {
    this.#over = true;
    this.#sink?.onEnd();
  }

  /** What exceeds the length that the client was told would be the head of its next answer (RFC 9112 section 6.3). */
  #tooLong(): boolean {
    this.#source.abort();
    this.#breakOff(TOO_LONG);
    return true;
  }

  #mayGoOn(failure: Failure): boolean {
    const { options, parts } = this.#context;
    if (failure.replay !== 'cut' || failure.own || failure.kind === 'aborted' || this.#exchange.aborted) return false;
    if (this.#tries >= options.attempts) return false;
    this.#delayMs = this.#tries === 0 ? 0 : backoffMs(options.backoff, this.#tries, this.#delayMs, parts.clock);
    if (!this.#exchange.streaming && parts.clock.now() + this.#delayMs + USEFUL_MS > this.#exchange.deadlineAt) return false;
    if (options.observe) {
      parts.observer.wouldHave(this.#exchange, 'resume', 'resumed');
      return false;
    }
    if (parts.budget.take()) return true;
    parts.observer.acted(this.#exchange, 'resume', 'no_budget');
    return false;
  }

  async #goOn(failure: Failure): Promise<void> {
    this.#tries++;
    if (this.#delayMs >= 1 && !(await wait(this.#delayMs, this.#exchange))) return this.#breakOff(failure);
    if (this.#over) return;
    const branch = this.#branchForRest();
    this.#branch = branch;
    const outcome = await this.#context.next(branch);
    this.#exchange.adopt(branch);
    if (this.#over) return discard(outcome);
    this.#take(outcome, failure);
  }

  #branchForRest(): Exchange {
    const branch = this.#exchange.branch({ headers: resumeHeaders(this.#exchange.headers, this.#plan, this.#received) });
    branch.rest = true;
    if (branch.streaming) {
      // both were for the head, and a long download is past them
      branch.deadlineAt = this.#context.parts.clock.now() + this.#context.options.totalMs;
      branch.patienceEndsAt = Infinity;
    }
    return branch;
  }

  #take(outcome: Outcome, failure: Failure): void {
    const { observer } = this.#context.parts;
    const reply: Reply | undefined = outcome.type === 'reply' ? outcome : outcome.reply;
    const until = reply === undefined || outcome.type === 'failure' ? undefined : continues(reply, this.#plan, this.#received);
    if (reply !== undefined && until !== undefined) {
      observer.acted(this.#exchange, 'resume', 'resumed');
      this.#until = until;
      this.#source = reply.body;
      this.#flowing = true;
      reply.body.start(this);
      if (this.#paused) reply.body.pause();
      return;
    }
    discard(outcome);
    if (reply !== undefined && wasComplete(reply, this.#plan, this.#received)) {
      observer.acted(this.#exchange, 'resume', 'was_complete');
      return this.#complete();
    }
    // an answer that is not the rest will not become it; a failure may pass
    if (outcome.type === 'failure' && outcome.reply === undefined && this.#mayGoOn({ ...failure, own: outcome.own })) {
      this.#goOn(failure).catch((bug: unknown) => this.#fault(bug, failure));
      return;
    }
    observer.acted(this.#exchange, 'resume', 'not_the_rest');
    this.#breakOff(failure);
  }

  #fault(bug: unknown, failure: Failure): void {
    this.#context.parts.observer.internalError(bug);
    this.#breakOff(failure);
  }

  #breakOff(failure: Failure): void {
    if (this.#over) return;
    this.#over = true;
    this.#sink?.onError(failure);
  }
}
