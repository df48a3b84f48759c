import { connect, type Socket } from 'node:net';

/** A client on a bare socket: sends what it is told, byte for byte, and keeps what comes. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  received = '';
  ended = false;
  #waiting: { readonly holds: () => boolean; readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      this.received += bytes.toString('latin1');
      this.#look();
    });
    socket.on('close', () => {
      this.ended = true;
      this.#look();
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(`closed before it came; received ${JSON.stringify(this.received)}`));
    });
  }

  /** Connects; a socket of another kind (TLS) may be given instead of a port. */
  static async connect(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const socket = connect({ port, host });
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawClient(socket);
  }

  /** Takes a socket that is connected already. */
  static on(socket: Socket): RawClient {
    return new RawClient(socket);
  }

  /** Sends text, one byte per character. */
  send(text: string): this {
    this.socket.write(text, 'latin1');
    return this;
  }

  /** Waits until what came holds a text or matches. */
  async until(what: string | RegExp): Promise<string> {
    await this.#wait(() => (typeof what === 'string' ? this.received.includes(what) : what.test(this.received)));
    return this.received;
  }

  /** Waits until the connection is closed, and gives all that came. */
  async closed(): Promise<string> {
    await this.#wait(() => this.ended);
    return this.received;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #wait(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ holds, resolve, reject });
    });
  }

  #look(): void {
    const met = this.#waiting.filter(({ holds }) => holds());
    this.#waiting = this.#waiting.filter((waiting) => !met.includes(waiting));
    for (const { resolve } of met) resolve();
  }
}
