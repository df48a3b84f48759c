import type { Commander } from './redis-commander.ts';

/** What a link is made with. */
export interface RedisLinkOptions {
  /** Makes a new connection; called again where the old one seems dead. */
  readonly connection: () => Commander;
  /** For each operation, whatever it takes. */
  readonly timeoutMs: number;
  /** Brings this process up to date; the link is up once it has settled. */
  readonly revive: (commander: Commander) => Promise<void>;
  /** Where it leads, for people. */
  readonly where?: string;
  /** Told when the link is lost, and when it is back. */
  readonly notice: (text: string) => void;
}

/** How long after a failure the link is tried again, the first and the last time. */
const FIRST_MS = 250;
const LAST_MS = 2000;
/** Trials without an answer after which the connection itself is made anew. */
const GIVEN_UP = 2;

/**
 * The link to Redis, with a breaker of its own: after the first operation that fails or takes too long it is down, operations fail at once, and it is tried in the
 * background until it answers. No request pays for finding that out.
 */
export class RedisLink {
  readonly #options: RedisLinkOptions;
  #commander: Commander;
  #up = false;
  #closed = false;
  #trials = 0;
  #generation = 0;
  #trying = false;
  #timer: NodeJS.Timeout | undefined;
  #told = true;
  /** What was said last to be in the way; empty while nothing is. */
  #reason = '';
  readonly #waiting: (() => void)[] = [];
  /** Operations that failed. */
  errors = 0;

  constructor(options: RedisLinkOptions) {
    this.#options = options;
    this.#commander = this.#connect();
    this.#again();
  }

  /** Another one whenever the link was lost or a connection stands anew: what was read before says nothing then. */
  get generation(): number {
    return this.#generation;
  }

  /** What is in the way; undefined while it is up. */
  get problem(): string | undefined {
    return this.#up || this.#closed
      ? undefined
      : `the cache in Redis does not answer: ${this.#reason === '' ? this.#placed('it has not answered yet') : this.#reason}`;
  }

  /** Works on the link; undefined where that fails, which takes no longer than the time limit. */
  async try<T>(work: (commander: Commander) => Promise<T>): Promise<T | undefined> {
    if (this.#closed) return undefined;
    if (!this.#up) {
      this.errors++;
      return undefined;
    }
    const [commander, generation] = [this.#commander, this.#generation];
    try {
      return await timed(work(commander), this.#options.timeoutMs);
    } catch (error) {
      this.errors++;
      // what was sent before the link came back says nothing about it now
      const isTolerable = !(error instanceof TooLong) && !isReplica(error) && commander.isTolerable(error);
      if (!isTolerable && generation === this.#generation) this.lose(reasonOf(error));
      return undefined;
    }
  }

  /** Takes the link down until it was brought up to date again. */
  lose(text: string): void {
    if (!this.#up || this.#closed) return;
    const reason = this.#placed(text);
    this.#up = false;
    this.#generation++;
    this.#trials = 0;
    this.#tell(false, reason);
    this.#again();
  }

  /** Settles when the link is up, or after one time limit. */
  async settled(): Promise<void> {
    if (this.#up || this.#closed) return;
    const up = new Promise<void>((resolve) => this.#waiting.push(resolve));
    await timed(up, this.#options.timeoutMs).catch(() => undefined);
  }

  close(): void {
    this.#closed = true;
    this.#up = false;
    clearTimeout(this.#timer);
    this.#commander.destroy();
  }

  #connect(): Commander {
    const made = this.#options.connection();
    made.connect(() => this.#joined());
    return made;
  }

  /** A connection stands, and behind it may be another server than before: nothing is found until what it knows was compared. */
  #joined(): void {
    this.#up = false;
    this.#generation++;
    void this.#try();
  }

  #again(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#try(), Math.min(FIRST_MS * 2 ** this.#trials, LAST_MS));
  }

  async #try(): Promise<void> {
    if (this.#up || this.#closed || this.#trying) return;
    this.#trying = true;
    try {
      for (let generation = -1; generation !== this.#generation && !this.#closed;) {
        generation = this.#generation;
        await this.#revive(this.#commander);
      }
      this.#up = !this.#closed;
    } catch (error) {
      this.#failed(error);
    }
    this.#trying = false;
    if (!this.#up) return;
    clearTimeout(this.#timer);
    this.#tell(true, '');
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async #revive(commander: Commander): Promise<void> {
    const servers = await commander.servers();
    // one that is connected and silent would make each request wait that asks it; one that is gone makes none wait
    await timed(Promise.allSettled(servers.map((send) => send(['PING']))), this.#options.timeoutMs);
    await timed(this.#options.revive(commander), this.#options.timeoutMs * 4);
  }

  #failed(error: unknown): void {
    if (this.#closed) return;
    this.#trials++;
    // the first trial comes before the connection stands
    if (this.#trials > 1) this.#tell(false, this.#placed(this.#causeOf(error)));
    // a name may lead to another server by now
    if (this.#trials % GIVEN_UP === 0 && (error instanceof TooLong || isReplica(error))) {
      this.#commander.destroy();
      this.#commander = this.#connect();
    }
    this.#again();
  }

  /** What the connection failed with says more than that there is none. */
  #causeOf(error: unknown): string {
    const reason = reasonOf(error);
    return isMistaken(reason) ? reason : (this.#commander.trouble ?? reason);
  }

  #placed(reason: string): string {
    const { where } = this.#options;
    return where === undefined || isMistaken(reason) || reason.includes(where) ? reason : `${reason} (${where})`;
  }

  #tell(up: boolean, reason: string): void {
    // a busy server may first seem to be away: that it is none of the kind that it is taken for is news all the same
    if (up === this.#told && (up || reason === this.#reason || !isMistaken(reason))) return;
    this.#told = up;
    this.#reason = reason;
    this.#options.notice(up ? 'the cache in Redis answers again' : `the cache in Redis does not answer, requests pass it by: ${reason}`);
  }
}

const isReplica = (error: unknown): boolean => error instanceof Error && REPLICA.test(error.message);

class TooLong extends Error {}

const REPLICA = /^READONLY /;

/** What a server says that is not of the kind that the configuration takes it for. */
const MISTAKEN: readonly (readonly [says: RegExp, means: string])[] = [
  [/^MOVED /, 'it is a server of a cluster (write cache.redis.cluster: true)'],
  [REPLICA, 'it is a replica (give the address of its master)'],
  [
    /^ERR unknown command '?(?:eval|cluster)/i,
    'it is no Redis that runs scripts; a Sentinel, perhaps (give the address of a proxy that follows the master, or a cluster)',
  ],
  [/cluster support disabled/, 'it is a server by itself (write cache.redis.cluster: false)'],
];

function isMistaken(reason: string): boolean {
  return MISTAKEN.some(([, means]) => means === reason);
}

/** Errors of the library name addresses, never credentials: those stand in commands that are not shown. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return MISTAKEN.find(([says]) => says.test(text))?.[1] ?? text;
}

function timed<T>(promise: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new TooLong(`no answer within ${ms} ms`)), ms);
    promise.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}
