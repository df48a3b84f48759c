import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { scratchDirectory } from './scratch.ts';

/** A real redis-server on a port of its own. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #directory: AsyncDisposable & { readonly path: string };
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(port: number, directory: AsyncDisposable & { readonly path: string }, args: readonly string[]) {
    this.port = port;
    this.#directory = directory;
    this.#args = args;
  }

  /** Starts one with these arguments; `tls` makes `port` speak TLS only. */
  static async start(args: readonly string[] = [], tls = false): Promise<RedisServer> {
    const [port, directory] = [await freePort(), await scratchDirectory()];
    const where = tls ? ['--port', '0', '--tls-port', String(port)] : ['--port', String(port)];
    const server = new RedisServer(port, directory, [...where, '--bind', '127.0.0.1', '--save', '', '--dir', directory.path, ...args]);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, also again after `kill`: empty. */
  async start(): Promise<void> {
    const child = spawn('redis-server', this.#args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    const failed = once(child, 'error').then(([error]) => {
      throw new Error('these tests need redis-server: apt-get install redis-server', { cause: error });
    });
    await Promise.race([failed, isReady(child)]);
  }

  /** What it says to a PING, without a client library. */
  async ping(): Promise<string> {
    const socket = connect(this.port, '127.0.0.1');
    socket.write('PING\r\n');
    const [reply] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return reply.toString().slice(1).trim();
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#directory[Symbol.asyncDispose]();
  }
}

async function isReady(child: ChildProcess): Promise<void> {
  if (child.stdout === null) return;
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    if (/Ready to accept connections/i.test(line)) {
      child.stdout.resume();
      return;
    }
  }
  throw new Error(`redis-server did not start: ${said.join('\n')}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
