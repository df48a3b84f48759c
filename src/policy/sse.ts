/** Bytes of one event that are kept; a larger one is taken for an event and not looked into. */
const MAX_EVENT = 1024 * 1024;
const LF = 10;
const CR = 13;

/** Hears the events of a stream. `data` is undefined for one that was too large to keep. */
export type EventListener = (data: string | undefined) => void;

/**
 * Finds the events in a stream of server-sent events (WHATWG HTML, section 9.2.6), whatever the chunks and line ends are: the joined `data:` lines of each. Text that is no field, such as a
 * bare JSON error, is given as an event as well when a blank line or the end of the stream follows it.
 */
export class EventScanner {
  readonly #heard: EventListener;
  #line: Uint8Array[] = [];
  #lineBytes = 0;
  #data: string[] = [];
  #bare: string[] = [];
  #kept = 0;
  #tooLarge = false;
  #afterCr = false;

  constructor(heard: EventListener) {
    this.#heard = heard;
  }

  /** Takes the next bytes of the stream. */
  push(chunk: Uint8Array): void {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      const isSecondHalf = byte === LF && this.#afterCr && at === from;
      this.#afterCr = byte === CR;
      if (byte !== LF && byte !== CR) continue;
      if (!isSecondHalf) this.#endLine(chunk.subarray(from, at));
      from = at + 1;
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from));
  }

  /** The stream is over: what stands there without a blank line is an event too, as lenient clients read it. */
  end(): void {
    if (this.#lineBytes > 0) this.#endLine(EMPTY);
    this.#dispatch();
  }

  #keep(part: Uint8Array): void {
    this.#kept += part.length;
    if (this.#kept > MAX_EVENT) {
      this.#tooLarge = true;
      this.#line = [];
      this.#lineBytes = 1;
      return;
    }
    // the chunk belongs to the socket's reader: what is kept is copied
    this.#line.push(Buffer.from(part));
    this.#lineBytes += part.length;
  }

  #endLine(rest: Uint8Array): void {
    if (this.#lineBytes === 0 && rest.length === 0) return this.#dispatch();
    if (this.#tooLarge) {
      this.#lineBytes = 0;
      return;
    }
    const line = this.#line.length === 0 ? text(rest) : Buffer.concat([...this.#line, rest]).toString('utf8');
    this.#line = [];
    this.#lineBytes = 0;
    this.#kept += rest.length;
    this.#field(line);
  }

  #field(line: string): void {
    if (line.startsWith('data:')) this.#data.push(line.startsWith('data: ') ? line.slice(6) : line.slice(5));
    else if (!FIELD.test(line)) this.#bare.push(line);
  }

  #dispatch(): void {
    const { length } = this.#data;
    if (this.#tooLarge) this.#heard(undefined);
    else if (length > 0) this.#heard(length === 1 ? this.#data[0] : this.#data.join('\n'));
    else if (this.#bare.length > 0) this.#heard(this.#bare.join('\n'));
    if (length > 0) this.#data = [];
    if (this.#bare.length > 0) this.#bare = [];
    this.#kept = 0;
    this.#tooLarge = false;
  }
}

const EMPTY = new Uint8Array(0);
/** A comment, or a field that carries no data. */
const FIELD = /^(:|event(:|$)|id(:|$)|retry(:|$)|data$)/;

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
