import type { Clock } from '../model/clock.ts';
import type { Exchange } from '../model/exchange.ts';
import { pathOf } from '../model/target.ts';
import { credentialOf, digest } from './credential.ts';

/** Failed requests that are remembered at once. */
const MAX_REMEMBERED = 512;

/** One failed request. */
interface Remembered {
  readonly print: string;
  readonly until: number;
}

/**
 * Recognises that a client sends again what has just failed: the same method, path, credential and body within its backoff. Remembers failures
 * only, by digest, and a bounded number of them; while nothing fails it does no work.
 */
export class ClientRetries {
  /** How long a failed request is remembered, in milliseconds. */
  readonly withinMs: number;
  readonly #clock: Clock;
  /** By method and path without query: what has to be the same before a digest is worth making. */
  readonly #failed = new Map<string, Remembered[]>();
  #size = 0;
  /** Routes whose clients are known to retry: told once. */
  readonly #known = new Set<string>();

  constructor(withinMs: number, clock: Clock) {
    this.withinMs = withinMs;
    this.#clock = clock;
  }

  /** A request has failed for good: its client may send it again. */
  failed(exchange: Exchange): void {
    if (this.#size >= MAX_REMEMBERED) this.#forgetOldest();
    const key = keyOf(exchange);
    const list = this.#failed.get(key) ?? [];
    list.push({ print: fingerprint(exchange), until: this.#clock.now() + this.withinMs });
    this.#size++;
    // last in, last out: the map's order is the order of the failures
    this.#failed.delete(key);
    this.#failed.set(key, list);
  }

  /** Whether a request is one that has just failed, sent again; each failure is recognised once. */
  recognises(exchange: Exchange): boolean {
    if (this.#size === 0) return false;
    const key = keyOf(exchange);
    const list = this.#failed.get(key);
    if (list === undefined) return false;
    const now = this.#clock.now();
    const print = fingerprint(exchange);
    const at = list.findIndex((one) => one.print === print && one.until >= now);
    const kept = list.filter((one, index) => index !== at && one.until >= now);
    this.#size -= list.length - kept.length;
    if (kept.length === 0) this.#failed.delete(key);
    else this.#failed.set(key, kept);
    return at >= 0;
  }

  /** Notes that clients of a route retry by themselves. True where that is news. */
  isNews(route: string): boolean {
    if (this.#known.has(route)) return false;
    this.#known.add(route);
    return true;
  }

  /** Failures that are remembered. */
  get size(): number {
    return this.#size;
  }

  #forgetOldest(): void {
    const [oldest] = this.#failed;
    if (oldest === undefined) return;
    const [key, list] = oldest;
    list.shift();
    this.#size--;
    if (list.length === 0) this.#failed.delete(key);
  }
}

function keyOf({ method, path }: Exchange): string {
  return `${method} ${pathOf(path)}`;
}

/** A streamed body is not at hand to compare: its length has to do. */
function fingerprint(exchange: Exchange): string {
  const { body } = exchange;
  const content = body.kind === 'bytes' ? digest(body.bytes) : body.kind === 'stream' ? `stream ${body.length ?? ''}` : '';
  return digest(`${exchange.authority}\n${exchange.path}\n${credentialOf(exchange)}\n${content}`);
}
