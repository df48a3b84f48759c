import { BytesBody, type BodySink, type BodySource } from '../model/body.ts';
import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import type { Exchange } from '../model/exchange.ts';
import { CLIENT_LIMIT, type Failure, failure } from '../model/failure.ts';
import { type Outcome, reply, type Reply } from '../model/outcome.ts';
import { callAfter } from '../model/timer.ts';
import type { AttemptRecords } from './attempt-records.ts';
import { EventScanner } from './sse.ts';
import type { EventReader } from './stream-end.ts';

/** How streams are watched over. */
export interface GuardOptions {
  readonly reader: EventReader;
  /** How long the first event may take after the head, in milliseconds, and never longer than the exchange may take in all; Infinity: as long as that. */
  readonly firstEventMs: number;
  readonly observe: boolean;
}

/** What a guard needs from outside. */
export interface GuardParts {
  readonly observer: Observer;
  readonly clock: Clock;
  /** Who counts the attempt once its stream has ended; absent where nothing is counted. */
  readonly records?: AttemptRecords | undefined;
}

/** Bytes that are held back for a first event, at most. */
const HOLD_BYTES = 256 * 1024;

/** One stream of events: held back until its first event, then passed on as it comes, and not ended as complete unless it is. */
export class StreamGuard implements BodySource, BodySink {
  readonly #exchange: Exchange;
  readonly #reply: Reply;
  readonly #options: GuardOptions;
  readonly #observer: Observer;
  readonly #clock: Clock;
  readonly #records: AttemptRecords | undefined;
  readonly #scanner = new EventScanner((data) => this.#event(data));
  #settle: ((outcome: Outcome) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #sink: BodySink | undefined;
  #events = 0;
  #complete = false;
  #ending = false;
  /** What the source has said: undefined while it goes on. */
  #end: Failure | 'end' | undefined;

  constructor(exchange: Exchange, found: Reply, options: GuardOptions, { observer, clock, records }: GuardParts) {
    this.#exchange = exchange;
    this.#reply = found;
    this.#options = options;
    this.#observer = observer;
    this.#clock = clock;
    this.#records = records;
  }

  /** Waits for the first event, or what comes instead of it. */
  committed(): Promise<Outcome> {
    this.#records?.watched(this.#exchange);
    // until it begins for the client, total bounds a streaming answer too: past its head an attempt has no limit but idle
    const restMs = this.#exchange.deadlineAt - this.#clock.now();
    const { firstEventMs } = this.#options;
    return new Promise((resolve) => {
      this.#settle = resolve;
      this.#timer = callAfter(Math.min(firstEventMs, restMs), () => this.#tooLate(restMs < firstEventMs));
      this.#reply.body.start(this);
    });
  }

  // Sink of the upstream's body

  onData(chunk: Uint8Array): boolean {
    if (this.#end !== undefined) return true;
    if (this.#sink !== undefined) {
      const wantsMore = this.#sink.onData(chunk);
      this.#scanner.push(chunk);
      return wantsMore;
    }
    this.#held.push(Buffer.from(chunk));
    this.#heldBytes += chunk.length;
    this.#scanner.push(chunk);
    if (this.#heldBytes > HOLD_BYTES) this.#commit();
    if (this.#settle !== undefined || this.#heldBytes <= HOLD_BYTES) return true;
    this.#reply.body.pause();
    return false;
  }

  onEnd(): void {
    if (this.#end !== undefined) return;
    this.#ending = true;
    this.#scanner.end();
    if (this.#end !== undefined) return;
    if (!this.#options.reader.knowsEnds || this.#complete) return this.#finish('end');
    if (this.#options.observe) {
      this.#observer.wouldHave(this.#exchange, 'guard', 'broken_off');
      return this.#finish('end');
    }
    this.#observer.acted(this.#exchange, 'guard', 'broken_off');
    const detail = this.#events === 0 ? 'the stream ended before its first event' : 'the stream ended without its last event';
    this.#finish(failure({ code: 'http_response_incomplete', phase: 'body', kind: 'protocol', replay: 'cut', detail }));
  }

  onError(failed: Failure): void {
    if (this.#end !== undefined) return;
    if (this.#options.observe && this.#events === 0 && failed.replay === 'cut') this.#observer.wouldHave(this.#exchange, 'guard', 'made_repeatable');
    this.#finish(failed);
  }

  // Source for the client

  whole(): undefined {
    return undefined;
  }

  start(sink: BodySink): void {
    this.#sink = sink;
    const held = this.#held;
    this.#held = [];
    let wantsMore = true;
    for (const chunk of held) wantsMore = sink.onData(chunk);
    if (this.#end === 'end') return sink.onEnd();
    if (this.#end !== undefined) return sink.onError(this.#end);
    if (this.#options.observe) this.#reply.body.start(this);
    else if (wantsMore) this.#reply.body.resume();
    else this.#reply.body.pause();
  }

  pause(): void {
    this.#reply.body.pause();
  }

  resume(): void {
    this.#reply.body.resume();
  }

  abort(): void {
    clearTimeout(this.#timer);
    this.#watchEnded(undefined);
    this.#reply.body.abort();
  }

  // The guard

  #event(data: string | undefined): void {
    this.#events++;
    const { reader, observe } = this.#options;
    const status = data === undefined ? undefined : reader.errorStatus(data);
    // what is too large to look into may hold the end: better a break that is missed than one that is made up
    if (data === undefined || status !== undefined || reader.isEnd(data)) this.#complete = true;
    if (this.#events > 1) return;
    // half an event at the end is no beginning: what it is worth shows when the end is judged
    if (status === undefined) return this.#ending ? undefined : this.#commitSoon();
    if (observe) this.#observer.wouldHave(this.#exchange, 'guard', 'error_event');
    else if (this.#settle !== undefined) this.#asStatus(status, data ?? '');
  }

  /** Leaves the end a moment to come: a stream that was cut right after its first event, in the same packet, can still be asked for again. */
  #commitSoon(): void {
    if (this.#settle !== undefined) setImmediate(() => this.#commit());
  }

  /** The answer begins for the client. */
  #commit(): void {
    const settle = this.#settle;
    if (settle === undefined) return;
    this.#settle = undefined;
    clearTimeout(this.#timer);
    settle({ ...this.#reply, body: this });
  }

  /** An error in the place of the first event is an answer with that status, for those who judge answers. */
  #asStatus(status: number, data: string): void {
    const settle = this.#settle;
    this.#settle = undefined;
    clearTimeout(this.#timer);
    this.#end = 'end';
    this.#observer.acted(this.#exchange, 'guard', 'error_event');
    this.#watchEnded(undefined);
    const bytes = Buffer.from(data);
    const headers = ['content-type', 'application/json; charset=utf-8', 'content-length', String(bytes.length)];
    settle?.(reply(status, headers, 'upstream', new BytesBody(bytes)));
    queueMicrotask(() => this.#reply.body.abort());
  }

  /** The source has ended or broken off: before the first event nothing has reached the client, and it can be asked again. */
  #finish(how: Failure | 'end'): void {
    this.#end = how;
    this.#watchEnded(how === 'end' ? undefined : how);
    clearTimeout(this.#timer);
    const settle = this.#settle;
    this.#settle = undefined;
    if (settle !== undefined) return settle(this.#early(how));
    if (how === 'end') this.#sink?.onEnd();
    else this.#sink?.onError(how);
  }

  #watchEnded(failed: Failure | undefined): void {
    if (!this.#options.observe) this.#records?.watchEnded(this.#exchange, failed);
  }

  #early(how: Failure | 'end'): Outcome {
    if (how === 'end') return { ...this.#reply, body: this };
    return how.replay === 'cut' ? { ...how, replay: 'ambiguous' } : how;
  }

  #tooLate(inAll: boolean): void {
    const { startedAt, deadlineAt, hurried } = this.#exchange;
    const detail = inAll
      ? `total timeout after ${Math.round(deadlineAt - startedAt)} ms, before the first event`
      : `no event within ${this.#options.firstEventMs} ms after the head`;
    const limit = !inAll ? 'firstEvent' : hurried ? CLIENT_LIMIT : 'total';
    this.#finish(failure({ code: 'http_response_timeout', phase: 'body', kind: 'timeout', replay: 'cut', detail, limit }));
    this.#reply.body.abort();
  }
}
