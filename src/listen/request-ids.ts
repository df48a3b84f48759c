import { randomBytes } from 'node:crypto';

/** Makes request ids: a random part once, then a counter, so that an id costs no randomness. Unique per process, and very likely between processes. */
export class RequestIds {
  readonly #prefix = randomBytes(6).toString('hex');
  #count = 0;

  /** The next id. */
  next(): string {
    return `${this.#prefix}-${(this.#count++).toString(36)}`;
  }
}
