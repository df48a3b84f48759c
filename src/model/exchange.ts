import { type Failure, graver, type LeftOpen, leftOpenBy } from './failure.ts';
import type { HeaderList } from './headers.ts';
import type { Reply, ReplySource } from './outcome.ts';
import { NO_BODY, type RequestBody } from './request-body.ts';

/** Which of the three ways a request came in. `absolute` is absolute-form `http://` through the forward proxy. */
export type Entry = 'prefix' | 'port' | 'connect' | 'absolute';

/** What the listener knows when the head of a request has been read. */
export interface ExchangeParts {
  readonly id: string;
  readonly entry: Entry;
  readonly method: string;
  readonly scheme: 'http' | 'https';
  /** Host and, unless it is the scheme's default, port: `graph.facebook.com`, `127.0.0.1:9443`. Lower-case. */
  readonly authority: string;
  /** Path and query as they go upstream, in the client's own percent-encoding. Starts with `/` (or is `*` for OPTIONS). */
  readonly path: string;
  /** End-to-end fields, names lower-case, without `host`, `content-length` and hop-by-hop fields. */
  readonly headers: HeaderList;
  /** Monotonic milliseconds (`performance.now()`), when the head was read. */
  readonly startedAt: number;
}

/** One finished attempt, as the journal and the log tell it. */
export interface AttemptRecord {
  readonly number: number;
  readonly status: number | undefined;
  readonly failure: Failure | undefined;
  /** What the policies made of its answer, where they found it a failure: `failure` is what broke, this is what was answered. */
  verdict?: Failure | undefined;
  readonly elapsedMs: number;
  /** Milliseconds until a connection was there (queue, DNS, connect, TLS); 0 on a reused one. */
  readonly connectMs: number;
  /** Milliseconds from the request being written to the response head. */
  readonly firstByteMs: number;
  /** True if the attempt's connection had served an exchange before. */
  readonly reused: boolean;
  /** The fields of its answer, where `idFields` names those that have the upstream's own id of it. */
  readonly headers?: HeaderList | undefined;
  readonly idFields?: readonly string[] | undefined;
}

/**
 * Takes the answer of an attempt that was given up as timed out after its request had been sent, and was left running for this: its outcome can still
 * become known.
 */
export interface LateAnswer {
  /** How long an attempt goes on after its time was up, in milliseconds. */
  readonly waitMs: number;
  /** An attempt has timed out and goes on. Exactly one of the other two follows. */
  awaited(): void;
  /** The answer has come, its body not yet started. */
  arrived(reply: Reply): void;
  /** It will not come. */
  lost(): void;
}

/** Who takes the interim responses (RFC 9110 section 15.2) that come before an answer: the client, or who stands between. */
export interface InterimTaker {
  /** One has come, 102 or above, with its end-to-end fields. It promises nothing, and may be dropped. `from` tells attempts of one exchange apart. */
  informed(status: number, headers: HeaderList, from: Exchange): void;
}

/** Whether the cache may answer with what is stale: as it is configured, not at all, or with nothing else. */
export type StaleUse = 'as configured' | 'withheld' | 'only';

/** What a branch of an exchange has of its own. */
export interface BranchParts {
  readonly path?: string;
  readonly headers?: HeaderList;
  readonly scheme?: 'http' | 'https';
  readonly authority?: string;
  /** True where the client's departure does not end it. */
  readonly detached?: boolean;
}

/**
 * One request on its way: made once by the listener, handed through the layers, told to the observers at its end.
 * Layers write what they did into the mutable fields; nothing here is allocated unless it is needed.
 */
export class Exchange implements ExchangeParts {
  readonly id: string;
  readonly entry: Entry;
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly authority: string;
  path: string;
  headers: HeaderList;
  readonly startedAt: number;
  body: RequestBody = NO_BODY;

  /** Configuration name of the upstream; empty where none was found. */
  upstream = '';
  /** Name of the matched route; `default` where only the upstream matched. */
  route = '';
  /** Monotonic milliseconds at which `total` runs out. */
  deadlineAt = Infinity;
  /** True where a client's own word is why it runs out then, sooner than is fair to the upstream. */
  hurried = false;
  /** True where `idle` bounds the response instead of `total` once its head is here. */
  streaming = false;
  /** True for a fetch that no client waits for: what a client says of its time does not hold for it. */
  background = false;
  /** True for one of ours that asks for the rest of an answer whose beginning the client has: no client sends it, or sends it again. */
  rest = false;
  /** How many answers in a row led to it; 0 for a request of a client's own. */
  chained = 0;
  /** True where the attempt under way is the last and may take all the time that is left for the head of its answer. */
  patient = false;

  /** What became of it. */
  status = 0;
  source: ReplySource = 'proxy';
  failure: Failure | undefined = undefined;
  attempts: AttemptRecord[] | undefined = undefined;
  /** Attempts made, including the current one. */
  attempt = 0;
  /** The member of `Cache-Status` that we add (RFC 9211), without our name: `hit; ttl=27`; empty where no cache is on the route. */
  cacheStatus = '';
  /** Milliseconds spent waiting between attempts. */
  waitedMs = 0;
  bytesIn = 0;
  bytesOut = 0;
  /** True where nobody can say whether the upstream did what was asked, and doing it twice would matter. */
  outcomeUnknown = false;
  /** What attempts leave open whose outcome is not that of the exchange: others were made after or beside them. */
  leftOpen: LeftOpen = 'nothing';
  /** Monotonic milliseconds by which the client has gone, as far as its patience is known: no attempt after it would be seen. */
  patienceEndsAt = Infinity;
  staleUse: StaleUse = 'as configured';
  /** Set where an attempt that times out goes on for its answer. */
  late: LateAnswer | undefined = undefined;
  /** Who hears what upstreams say before they answer; undefined where nobody does. */
  interim: InterimTaker | undefined = undefined;
  /** Where attempts and bytes are recorded: the exchange itself, or the one that this is a branch of. */
  readonly root: Exchange;
  /** Attempts that were made before this branch began. */
  attemptsBefore = 0;
  /** Monotonic milliseconds when the client went away; Infinity while it is there. */
  abortedAt = Infinity;

  #aborted = false;
  #listeners: (() => void)[] | undefined = undefined;

  constructor(parts: ExchangeParts, root?: Exchange) {
    this.root = root ?? this;
    this.id = parts.id;
    this.entry = parts.entry;
    this.method = parts.method;
    this.scheme = parts.scheme;
    this.authority = parts.authority;
    this.path = parts.path;
    this.headers = parts.headers;
    this.startedAt = parts.startedAt;
  }

  /** True once the client has gone away. */
  get aborted(): boolean {
    return this.#aborted;
  }

  /** The client has gone: everything that works for this exchange alone stops. Told once; later calls, and calls after the answer's end, do nothing. */
  abort(at = performance.now()): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.abortedAt = at;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    if (listeners !== undefined) for (const listener of listeners) listener();
  }

  /** Calls `listener` when the client goes away; at once if it has already gone. */
  onAbort(listener: () => void): void {
    if (this.#aborted) listener();
    else if (this.#listeners === undefined) this.#listeners = [listener];
    else this.#listeners.push(listener);
  }

  /** Forgets a listener given to `onAbort`. */
  offAbort(listener: () => void): void {
    const at = this.#listeners?.indexOf(listener) ?? -1;
    if (at < 0) return;
    if (this.#listeners?.length === 1) this.#listeners = undefined;
    else this.#listeners?.splice(at, 1);
  }

  /**
   * Another line of work for the same request, such as a hedge: with an end of its own (`abort`), and another target where `parts` says so. Its attempts are recorded
   * on the root. The client's departure ends it, unless it is detached.
   */
  branch(parts: BranchParts = {}): Exchange {
    const branch = new Exchange({ ...partsOf(this), ...parts }, this.root);
    branch.body = this.body;
    branch.upstream = this.upstream;
    branch.route = this.route;
    branch.deadlineAt = this.deadlineAt;
    branch.hurried = this.hurried;
    branch.streaming = this.streaming;
    branch.background = this.background;
    branch.rest = this.rest;
    branch.chained = this.chained;
    branch.patient = this.patient;
    branch.patienceEndsAt = this.patienceEndsAt;
    branch.staleUse = this.staleUse;
    branch.late = this.late;
    branch.interim = this.interim;
    branch.attemptsBefore = this.attemptsBefore + this.attempt;
    if (parts.detached !== true) this.onAbort(() => branch.abort());
    return branch;
  }

  /** An attempt has failed and another is made, or counts, in its place: what it may have done is not forgotten with it. */
  superseded(failed: Failure): void {
    this.leftOpen = graver(this.leftOpen, leftOpenBy(failed));
  }

  /** Takes over what became of a branch whose outcome is this exchange's own. */
  adopt(branch: Exchange): void {
    this.attempt = Math.max(this.attempt, branch.attemptsBefore + branch.attempt - this.attemptsBefore);
    if (branch.cacheStatus !== '') this.cacheStatus = branch.cacheStatus;
    this.waitedMs += branch.waitedMs;
    this.leftOpen = graver(this.leftOpen, branch.leftOpen);
  }
}

function partsOf(exchange: Exchange): ExchangeParts {
  const { id, entry, method, scheme, authority, path, headers, startedAt } = exchange;
  return { id, entry, method, scheme, authority, path, headers, startedAt };
}
