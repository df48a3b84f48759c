import type { BodySink, BodySource } from '../../../src/model/body.ts';
import { type Failure, failure, type FailureParts } from '../../../src/model/failure.ts';
import type { HeaderList } from '../../../src/model/headers.ts';
import { type Outcome, reply, type Reply } from '../../../src/model/outcome.ts';

/** A body that a test pushes by hand; what it pushes before there is a reader is kept. */
export class ScriptedBody implements BodySource {
  readonly calls: string[] = [];
  #early: ((sink: BodySink) => void)[] = [];
  #sink: BodySink | undefined;

  whole(): undefined {
    return undefined;
  }
  start(sink: BodySink): void {
    this.#sink = sink;
    for (const act of this.#early.splice(0)) act(sink);
  }
  pause(): void {
    this.calls.push('pause');
  }
  resume(): void {
    this.calls.push('resume');
  }
  abort(): void {
    this.calls.push('abort');
    this.#sink = undefined;
  }

  get aborted(): boolean {
    return this.calls.includes('abort');
  }

  push(text: string): this {
    return this.#do((sink) => void sink.onData(Buffer.from(text)));
  }
  end(): this {
    return this.#do((sink) => sink.onEnd());
  }
  cut(parts: Partial<FailureParts> = {}): this {
    const failed = failure({ code: 'http_response_incomplete', phase: 'body', kind: 'reset', replay: 'cut', detail: 'other side closed', ...parts });
    return this.#do((sink) => sink.onError(failed));
  }

  #do(act: (sink: BodySink) => void): this {
    if (this.#sink === undefined) this.#early.push(act);
    else act(this.#sink);
    return this;
  }
}

/** An upstream's answer with a body that comes bit by bit. */
export function streaming(status: number, headers: HeaderList, body: BodySource): Reply {
  return reply(status, headers, 'upstream', body);
}

/** Reads an outcome to its end: its text, and how it ended. */
export class Reading implements BodySink {
  text = '';
  ended: 'end' | Failure | undefined;
  readonly chunks: string[] = [];
  readonly done: Promise<this>;
  #resolve: (reading: this) => void = () => undefined;

  constructor() {
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  onData(chunk: Uint8Array): boolean {
    this.text += Buffer.from(chunk).toString();
    this.chunks.push(Buffer.from(chunk).toString());
    return true;
  }
  onEnd(): void {
    this.ended = 'end';
    this.#resolve(this);
  }
  onError(failed: Failure): void {
    this.ended = failed;
    this.#resolve(this);
  }

  /** Starts reading an outcome, which must be a reply. */
  static of(outcome: Outcome): Reading {
    if (outcome.type === 'failure') throw new Error(`a failure: ${outcome.detail}`);
    const reading = new Reading();
    outcome.body.start(reading);
    return reading;
  }
}
