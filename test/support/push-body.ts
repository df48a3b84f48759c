import type { BodySink, BodySource } from '../../src/model/body.ts';
import type { Failure } from '../../src/model/failure.ts';
import type { RawClient } from './raw-client.ts';

/** A body that the test pushes by hand, and that notes how it is held back. */
export class PushBody implements BodySource {
  sink: BodySink | undefined;
  paused = 0;
  resumed = 0;
  aborted = false;
  readonly #waiting: (() => void)[] = [];
  #started: (() => void) | undefined;
  /** Settles when somebody takes the body. */
  readonly started = new Promise<void>((resolve) => {
    this.#started = resolve;
  });

  whole(): undefined {
    return undefined;
  }
  start(sink: BodySink): void {
    this.sink = sink;
    this.#started?.();
  }
  pause(): void {
    this.paused++;
  }
  resume(): void {
    this.resumed++;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
  /** Settles with the next `resume`. */
  whenResumed(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }
  abort(): void {
    this.aborted = true;
  }
  /** Pushes text. False where the sink wants no more for now. */
  push(text: string): boolean {
    return this.sink?.onData(Buffer.from(text)) ?? false;
  }
  /** Waits until somebody takes the body, pushes text, and waits until the client has it. */
  async pushTo(client: RawClient, text: string): Promise<void> {
    await this.started;
    this.push(text);
    await client.until(text);
  }
  end(): void {
    this.sink?.onEnd();
  }
  fail(failure: Failure): void {
    this.sink?.onError(failure);
  }
}
