import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { ResponseReader } from './response.ts';
import type { Target } from './spec.ts';

/** The bytes of one request to the target. */
export function requestBytes(target: Target, close = false): Buffer {
  const common = `host: localhost:${target.port}\r\nuser-agent: bench\r\naccept: */*\r\nconnection: ${close ? 'close' : 'keep-alive'}\r\n`;
  if (target.upload === undefined) return Buffer.from(`GET ${target.path} HTTP/1.1\r\n${common}\r\n`);
  const head = `POST ${target.path} HTTP/1.1\r\n${common}content-type: application/octet-stream\r\ncontent-length: ${target.upload}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), Buffer.alloc(target.upload, 0x78)]);
}

/** A connection to the target, ready for a request: TCP, then CONNECT where there is a proxy, then TLS where the target speaks it. */
export async function open(target: Target): Promise<Socket> {
  const socket = await opened(connectTcp({ host: '127.0.0.1', port: target.proxyPort ?? target.port, noDelay: true }), 'connect');
  if (target.proxyPort !== undefined) await tunnel(socket, target.port);
  if (!target.tls) return socket;
  // who signed the certificate is no matter here; that it is checked would be the same cost for all
  return opened(connectTls({ socket, servername: 'localhost', rejectUnauthorized: false }), 'secureConnect');
}

function opened<T extends Socket>(socket: T, event: string): Promise<T> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once(event, () => {
      socket.off('error', reject);
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
  });
}

function tunnel(socket: Socket, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (): void => reject(new Error('CONNECT was not answered'));
    socket.once('close', failed);
    socket.once('data', (answer: Buffer) => {
      socket.off('close', failed);
      if (answer.toString('latin1', 9, 12) === '200') resolve();
      else reject(new Error(`CONNECT was answered with ${answer.toString('latin1', 9, 12)}`));
    });
    socket.write(`CONNECT localhost:${port} HTTP/1.1\r\nhost: localhost:${port}\r\n\r\n`);
  });
}

/** One connection of the load: a request at a time. */
export class Line {
  readonly socket: Socket;
  readonly #reader = new ResponseReader();
  #done: ((status: number) => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      if (this.#reader.take(chunk)) this.#finish(this.#reader.status);
    });
    socket.on('close', () => this.#finish(this.#reader.end() ? this.#reader.status : 0));
  }

  /** Sends a request. The status of its answer when it has been read whole; 0 where the connection broke. */
  ask(bytes: Buffer): Promise<number> {
    return new Promise((resolve) => {
      if (this.socket.destroyed) return resolve(0);
      this.#done = resolve;
      this.socket.write(bytes);
    });
  }

  #finish(status: number): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(status);
  }
}

/** Opens a connection for one request. The status of the answer; 0 where something broke. */
export async function askOnce(target: Target, bytes: Buffer): Promise<number> {
  try {
    const line = new Line(await open(target));
    const status = await line.ask(bytes);
    line.socket.destroy();
    return status;
  } catch {
    return 0;
  }
}
