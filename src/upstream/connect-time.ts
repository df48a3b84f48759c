/** What opening a connection is taken to need before any was seen, in milliseconds. */
const GUESS_MS = 50;

/**
 * How long opening a connection to one host takes (name, TCP and TLS together): a smoothed mean and deviation as RFC 6298 section 2 keeps them for round
 * trips, so that one slow handshake does not decide.
 */
export class ConnectTime {
  #meanMs = 0;
  #deviationMs = 0;
  #seen = false;

  /** A connection was opened in `ms` milliseconds. */
  add(ms: number): void {
    if (!this.#seen) {
      this.#seen = true;
      this.#meanMs = ms;
      this.#deviationMs = ms / 2;
      return;
    }
    this.#deviationMs = 0.75 * this.#deviationMs + 0.25 * Math.abs(this.#meanMs - ms);
    this.#meanMs = 0.875 * this.#meanMs + 0.125 * ms;
  }

  /** What the next one is likely to need at most: the mean and twice the deviation. */
  get expectedMs(): number {
    return this.#seen ? this.#meanMs + 2 * this.#deviationMs : GUESS_MS;
  }
}
