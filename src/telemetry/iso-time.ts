/** Writes times as ISO 8601 in UTC. Keeps the text of the last second, since `Date` takes half a microsecond for each. */
export class IsoTime {
  #second = NaN;
  #text = '';

  /** `at`: milliseconds since the epoch. */
  of(at: number): string {
    const ms = Math.floor(at);
    const second = Math.floor(ms / 1000);
    if (second !== this.#second) {
      this.#text = new Date(second * 1000).toISOString().slice(0, -4);
      this.#second = second;
    }
    const rest = ms - second * 1000;
    return `${this.#text}${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}Z`;
  }
}
