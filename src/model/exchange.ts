import type { Failure } from './failure.ts';
import type { HeaderList } from './headers.ts';
import type { ReplySource } from './outcome.ts';
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
  readonly elapsedMs: number;
  /** Milliseconds until a connection was there (queue, DNS, connect, TLS); 0 on a reused one. */
  readonly connectMs: number;
  /** Milliseconds from the request being written to the response head. */
  readonly firstByteMs: number;
  /** True if the attempt's connection had served an exchange before. */
  readonly reused: boolean;
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
  /** True where `idle` bounds the response instead of `total` once its head is here. */
  streaming = false;

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

  #aborted = false;
  #listeners: (() => void)[] | undefined = undefined;

  constructor(parts: ExchangeParts) {
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

  /** The client has gone: everything that works for this exchange alone stops. Told once; later calls do nothing. */
  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    if (listeners !== undefined) for (const listener of listeners) listener();
  }

  /** Calls `listener` when the client goes away; at once if it has already gone. */
  onAbort(listener: () => void): void {
    if (this.#aborted) listener();
    else (this.#listeners ??= []).push(listener);
  }

  /** Forgets a listener given to `onAbort`. */
  offAbort(listener: () => void): void {
    const at = this.#listeners?.indexOf(listener) ?? -1;
    if (at >= 0) this.#listeners?.splice(at, 1);
  }
}
