import type { BreakerSharing, ClaimPurpose } from './parts.ts';

/** The leave to let probes through, which goes round among those that share a breaker, as one of them asks for it. */
export class Leave {
  readonly #sharing: BreakerSharing;
  #asking = 0;

  constructor(sharing: BreakerSharing) {
    this.#sharing = sharing;
  }

  /** Whether it is asked for just now: it may be here already, and not be known of. */
  get asked(): boolean {
    return this.#asking > 0;
  }

  /** Asks for it: how many probes were answered where it was, undefined where it is refused. */
  async ask(purpose: ClaimPurpose): Promise<number | undefined> {
    this.#asking++;
    try {
      return await this.#sharing.claim(purpose);
    } finally {
      this.#asking--;
    }
  }
}
