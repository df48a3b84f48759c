import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { scratchDirectory } from './scratch.ts';

/** A real redis-server on a port of its own. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  /** Where the servers of a cluster talk to each other. */
  readonly busPort: number;
  readonly #directory: AsyncDisposable & { readonly path: string };
  readonly #program: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(
    [port, busPort]: readonly [number, number],
    directory: AsyncDisposable & { readonly path: string },
    program: string,
    args: readonly string[],
  ) {
    this.port = port;
    this.busPort = busPort;
    this.#program = program;
    this.#directory = directory;
    this.#args = args;
  }

  /** Starts one with these arguments; `tls` makes `port` speak TLS only. `program`: another that is like it; `config`: its file, which a Sentinel needs. */
  static async start(args: readonly string[] = [], { tls = false, program = 'redis-server', config = '' } = {}): Promise<RedisServer> {
    const directory = await scratchDirectory();
    for (;;) {
      const [port, busPort] = [await freePort(), await freePort()];
      const where = [...(tls ? ['--port', '0', '--tls-port'] : ['--port']), String(port)];
      const bus = args.includes('--cluster-enabled') ? ['--cluster-port', String(busPort)] : [];
      const common = ['--bind', '127.0.0.1', '--dir', directory.path, ...(config === '' ? ['--save', ''] : [])];
      const options = [...(config === '' ? [] : [config]), ...where, ...bus, ...common, ...args];
      const server = new RedisServer([port, busPort], directory, program, options);
      try {
        await server.start();
        return server;
      } catch (error) {
        // another server, of another test, was quicker to take it
        if (!String(error).includes('Address already in use')) throw error;
      }
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, also again after `kill`: empty, unless it was told to SAVE. */
  async start(): Promise<void> {
    const child = spawn(this.#program, this.#args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    const failed = once(child, 'error').then(([error]) => {
      throw new Error(`these tests need ${this.#program}: apt-get install redis-server`, { cause: error });
    });
    await Promise.race([failed, isReady(child)]);
  }

  /** What it says to a command, one short line, without a client library. */
  async ask(command: string): Promise<string> {
    const socket = connect(this.port, '127.0.0.1');
    socket.write(`${command}\r\n`);
    const [reply] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return reply.toString().slice(1).trim();
  }

  get alive(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.alive) return;
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
    if (/Ready to accept connections|Sentinel ID is/i.test(line)) {
      child.stdout.resume();
      return;
    }
  }
  throw new Error(`redis-server did not start: ${said.join('\n')}`);
}

/** Ports that no system gives to an outgoing connection: one of those may be taken between two starts of a server, or by a client that dials the server while it is down. */
const [LOWEST, COUNT] = [12_000, 18_000];

async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * COUNT);
    const server = createServer().listen(port, '127.0.0.1');
    const free = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    server.close();
    if (free) return port;
  }
}
