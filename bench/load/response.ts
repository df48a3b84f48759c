const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * Reads HTTP/1.1 responses off a connection that has one request under way at a time. As little as a load generator needs: the status, the
 * length, the end.
 */
export class ResponseReader {
  status = 0;
  #head: Buffer | undefined;
  /** Bytes of the body still to come; -1 for chunked content, -2 for content that ends with the connection. */
  #left = 0;
  #inBody = false;
  #tail = '';

  /** Takes bytes; true when the response is complete. */
  take(chunk: Buffer): boolean {
    if (this.#inBody) return this.#takeBody(chunk);
    const head = this.#head === undefined ? chunk : Buffer.concat([this.#head, chunk]);
    const end = head.indexOf(HEAD_END);
    if (end < 0) {
      this.#head = head;
      return false;
    }
    this.#head = undefined;
    this.#readHead(head.toString('latin1', 0, end));
    return this.#takeBody(head.subarray(end + 4));
  }

  /** The connection has ended; true where that completes the response. */
  end(): boolean {
    return this.#inBody && this.#left === -2;
  }

  #readHead(text: string): void {
    this.status = Number(text.slice(9, 12));
    this.#inBody = true;
    this.#tail = '';
    const length = /\r\ncontent-length: *(\d+)/i.exec(text);
    if (length !== null) this.#left = Number(length[1]);
    else this.#left = /\r\ntransfer-encoding: *chunked/i.test(text) ? -1 : this.status < 200 || this.status === 204 ? 0 : -2;
  }

  #takeBody(chunk: Buffer): boolean {
    if (this.#left === -2) return false;
    if (this.#left === -1) {
      this.#tail = (this.#tail + chunk.toString('latin1', Math.max(0, chunk.length - 7))).slice(-7);
      this.#inBody = !this.#tail.endsWith('\r\n0\r\n\r\n') && this.#tail !== '0\r\n\r\n';
      return !this.#inBody;
    }
    this.#left -= chunk.length;
    this.#inBody = this.#left > 0;
    return !this.#inBody;
  }
}
