import { Agent, type IncomingMessage, request } from 'node:http';
import { seededRandom } from '../../test/simulators/random.ts';

/** What became of the exchanges, as their clients saw it. */
export interface Tally {
  sent: number;
  /** A whole answer came. */
  answered: number;
  /** A head came, and its body broke off visibly. */
  broken: number;
  /** The client left on purpose. */
  left: number;
  /** No answer, although the client waited: must stay 0. */
  unanswered: number;
  readonly statuses: Record<string, number>;
  readonly unansweredWhy: Record<string, number>;
}

/** One kind of request. */
interface Kind {
  readonly share: number;
  readonly method: string;
  readonly path: (number: number, chance: number) => string;
  readonly bytes: number;
}

const KINDS: readonly Kind[] = [
  { share: 0.45, method: 'GET', path: (_number, chance) => `/items/${Math.floor(chance * 1e6)}`, bytes: 0 },
  { share: 0.2, method: 'GET', path: (_number, chance) => `/cached/${Math.floor(chance * 300)}`, bytes: 0 },
  { share: 0.22, method: 'POST', path: (number) => `/orders/${number}`, bytes: 120 },
  { share: 0.03, method: 'POST', path: (number) => `/orders/${number}`, bytes: 40_000 },
  { share: 0.07, method: 'PUT', path: (_number, chance) => `/items/${Math.floor(chance * 1e6)}`, bytes: 300 },
  { share: 0.03, method: 'GET', path: () => '/large/file', bytes: 0 },
];
const BODY = Buffer.alloc(40_000, '{"text":"an order like any other"}');
const NEW_CONNECTION = 0.15;
const LEAVES = 0.03;
const LEAVES_WITHIN_MS = 30;
/** No exchange may take this long: the proxy's own limit is far below. */
const PATIENCE_MS = 15_000;

/** Clients that send one request after the other, `atOnce` beside each other, until `until` says stop. */
export class Clients {
  readonly tally: Tally = { sent: 0, answered: 0, broken: 0, left: 0, unanswered: 0, statuses: {}, unansweredWhy: {} };
  readonly #agent: Agent;
  readonly #random: () => number;
  readonly #port: number;

  constructor(port: number, atOnce: number, seed: number) {
    this.#port = port;
    this.#agent = new Agent({ keepAlive: true, maxSockets: atOnce });
    this.#random = seededRandom(seed);
  }

  /** Sends until so many were sent in all, `atOnce` beside each other. */
  async run(upTo: number, atOnce: number): Promise<void> {
    const client = async (): Promise<void> => {
      while (this.tally.sent < upTo) await this.#one(++this.tally.sent);
    };
    await Promise.all(Array.from({ length: atOnce }, client));
  }

  /** Closes kept connections; the next request opens new ones. */
  rest(): void {
    this.#agent.destroy();
  }

  #one(number: number): Promise<void> {
    const { method, path, bytes } = this.#kind();
    const agent = this.#random() < NEW_CONNECTION ? false : this.#agent;
    const headers = bytes === 0 ? {} : { 'content-length': String(bytes), 'content-type': 'application/json' };
    const leavesAt = this.#random() < LEAVES ? this.#random() * LEAVES_WITHIN_MS : undefined;
    return new Promise((resolve) => {
      const call = request({ host: '127.0.0.1', port: this.#port, method, path: `/api${path(number, this.#random())}`, agent, headers });
      const timers = [setTimeout(() => end('unanswered', 'waited in vain'), PATIENCE_MS)];
      if (leavesAt !== undefined) timers.push(setTimeout(() => end('left'), leavesAt));
      let over = false;
      const end = (how: 'answered' | 'broken' | 'left' | 'unanswered', why = ''): void => {
        if (over) return;
        over = true;
        for (const timer of timers) clearTimeout(timer);
        this.tally[how]++;
        if (how === 'unanswered') count(this.tally.unansweredWhy, `${method} ${why}${call.reusedSocket ? ', on a kept connection' : ''}`);
        if (how !== 'answered') call.destroy();
        resolve();
      };
      call.on('error', (error: NodeJS.ErrnoException) => end('unanswered', error.code ?? error.message));
      call.on('response', (answer) => this.#read(answer, end));
      call.end(bytes === 0 ? undefined : BODY.subarray(0, bytes));
    });
  }

  #read(answer: IncomingMessage, end: (how: 'answered' | 'broken') => void): void {
    count(this.tally.statuses, String(answer.statusCode));
    answer.resume();
    answer.on('end', () => end('answered'));
    answer.on('error', () => end('broken'));
  }

  #kind(): Kind {
    let at = this.#random();
    for (const kind of KINDS) if ((at -= kind.share) < 0) return kind;
    return KINDS[0] as Kind;
  }
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
