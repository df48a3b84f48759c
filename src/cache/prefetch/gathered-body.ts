import type { BodySource } from '../../model/body.ts';
import { PassedBody } from '../../model/body-tap.ts';

/** Gives the bytes of a body away, once, when it is complete, unless they are more than `limit`. */
export class GatheredBody extends PassedBody {
  readonly #limit: number;
  readonly #complete: (bytes: Uint8Array) => void;
  #chunks: Uint8Array[] | undefined = [];
  #size = 0;

  constructor(source: BodySource, limit: number, complete: (bytes: Uint8Array) => void) {
    super(source);
    this.#limit = limit;
    this.#complete = complete;
  }

  override whole(): Uint8Array | undefined {
    const bytes = super.whole();
    if (bytes !== undefined) {
      this.#gather(bytes);
      this.#give();
    }
    return bytes;
  }

  override onData(chunk: Uint8Array): boolean {
    this.#gather(chunk);
    return super.onData(chunk);
  }

  override onEnd(): void {
    // the client first: what follows is not for this answer
    super.onEnd();
    this.#give();
  }

  #gather(bytes: Uint8Array): void {
    this.#size += bytes.length;
    if (this.#size > this.#limit) this.#chunks = undefined;
    this.#chunks?.push(bytes);
  }

  #give(): void {
    const chunks = this.#chunks;
    this.#chunks = undefined;
    if (chunks === undefined) return;
    const [only] = chunks;
    this.#complete(only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks));
  }
}
