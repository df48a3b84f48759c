import { BytesBody } from '../../model/body.ts';
import type { Clock } from '../../model/clock.ts';
import type { Observer } from '../../model/events.ts';
import type { Exchange } from '../../model/exchange.ts';
import { fromStore, type Outcome, type Reply } from '../../model/outcome.ts';
import type { Service } from '../../model/service.ts';
import { callAfter } from '../../model/timer.ts';
import type { Identities } from '../identity.ts';
import { type CacheRequest, readRequest } from '../request.ts';
import { type Chain, Chains } from './chains.ts';
import { fieldsText, wordingOf } from './fields.ts';
import { exchangeFor, type Followed, MAX_ANSWER_BYTES, mayHaveRows, RowReader } from './followed.ts';
import { GatheredBody } from './gathered-body.ts';
import { keptFrom } from './kept.ts';
import { RecentAnswers } from './recent.ts';
import type { Row } from './rows.ts';
import type { PrefetchSettings } from './settings.ts';
import { Expected, type Kept, Shelf } from './shelf.ts';
import { filled, requestValues, shapeOf, templateFrom, tokensOf } from './target.ts';

/** What a prefetcher needs of its app. */
export interface PrefetchParts {
  readonly identities: Identities;
  readonly clock: Clock;
  readonly observer: Observer;
}

/** A chain that is followed, as an operator sees it. */
export interface ChainView {
  readonly upstream: string;
  /** What it follows: a path template of the configuration, or requests of this shape. */
  readonly after: string;
  readonly ask: string;
  /** True where it stands in the configuration, false where it was learned. */
  readonly written: boolean;
  /** How often it came true of late, of how many times. */
  readonly came: number;
  readonly of: number;
}

/** Requests that are expected after one answer. */
const MAX_NEXT = 32;
/** How old a request without an answer may be for a client to wait for it, in milliseconds: far over a healthy answer, far under a time limit. */
const PATIENCE_MS = 2000;

/**
 * Asks one upstream for the rows that clients are going to ask for next, as the configuration says or as it was seen, with the credentials of the request before. Each answer
 * is given once, within seconds, to the same client's same request, and to nobody once anything was written.
 */
export class Prefetcher {
  readonly settings: PrefetchSettings;
  readonly #parts: PrefetchParts;
  readonly #chains: Chains;
  readonly #recent: RecentAnswers;
  readonly #shelf = new Shelf((expected) => this.#unused(expected));
  readonly #reader: RowReader;
  #asking = 0;
  #writing = 0;
  #sweep: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(settings: PrefetchSettings, parts: PrefetchParts) {
    this.settings = settings;
    this.#parts = parts;
    this.#chains = new Chains(settings.chains);
    this.#recent = new RecentAnswers(settings.withinMs);
    this.#reader = new RowReader(settings.rows);
  }

  /** The chains that are followed, for people. */
  get chains(): ChainView[] {
    const { upstream } = this.settings;
    return this.#chains.trusted.map(({ after, target, written, first, rest }) => {
      return { upstream, after, ask: target.text, written, came: first.used + rest.used, of: first.total + rest.total };
    });
  }

  /** What is there for a client's request: the answer, the promise of one that is under way (undefined where it comes to nothing), or undefined. */
  take(exchange: Exchange, request: CacheRequest): Reply | Promise<Reply | undefined> | undefined {
    const { clock, observer } = this.#parts;
    if (request.expiresAt <= clock.wallNow()) return undefined;
    const expected = this.#shelf.take(request.key, clock.now());
    if (expected === undefined) {
      this.#learn(exchange, request);
      return undefined;
    }
    const isSame = expected.fields === '' || expected.fields === this.#fieldsOf(exchange);
    expected.chain.seenWith(wordingOf(exchange.headers));
    expected.chain.scoreOf(expected.isFirst).add(isSame);
    if (expected.wanted && this.settings.observe) observer.wouldHave(exchange, 'prefetch', 'used');
    if (expected.askedAt === undefined) return undefined;
    if (!isSame) return this.#lost(exchange, 'differed');
    if (expected.kept !== undefined) return this.#given(exchange, expected.kept, 'used');
    if (!expected.isUnderWay || clock.now() - expected.askedAt > PATIENCE_MS) return this.#lost(exchange, 'lost');
    const ms = Math.min(expected.askedAt + PATIENCE_MS, exchange.deadlineAt) - clock.now();
    return expected.join(exchange, ms).then((kept) => (kept === undefined ? undefined : this.#given(exchange, kept, 'joined')));
  }

  /** An answer on its way to a client, or to a request of ours: what may follow is asked for once it has passed. */
  passing(followed: Followed, outcome: Outcome): Outcome {
    if (outcome.type === 'failure' || !this.#isReadable(followed, outcome)) return outcome;
    const body = new GatheredBody(outcome.body, MAX_ANSWER_BYTES, (bytes) => {
      // after the answer itself: a client should not wait for what it has not asked for
      setImmediate(() => this.#safely(() => this.#follow(followed, this.#reader.rows(outcome, bytes))));
    });
    return { ...outcome, body };
  }

  /** A write begins: nothing that was asked for before it ends may be given. To be called with its end. */
  writing(): () => void {
    this.#writing++;
    this.drop();
    return () => {
      this.#writing--;
      this.drop();
    };
  }

  /** Something has changed: nothing that was asked for before may be given. */
  drop(): void {
    this.#shelf.drop();
  }

  /** Ends: nothing is expected any more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#sweep);
    this.#sweep = undefined;
    this.drop();
  }

  #isReadable({ exchange }: Followed, reply: Reply): boolean {
    if (exchange.chained >= this.settings.depth || !mayHaveRows(reply)) return false;
    return this.settings.learn || this.#chains.isWrittenAfter(exchange.path);
  }

  // What follows

  #follow(followed: Followed, rows: readonly Row[]): void {
    const { exchange, request } = followed;
    if (this.#closed) return;
    this.#shelf.expire(this.#parts.clock.now());
    const known = tokensOf(exchange.path);
    const tokens = known ?? [];
    const [shape, values] = [shapeOf(exchange.path, tokens), requestValues(tokens)];
    if (this.settings.learn && rows.length > 0 && known !== undefined) {
      this.#recent.add(request.identity, { key: request.key, shape, rows, request: values, at: this.#parts.clock.now() });
      this.#sweepLater();
    }
    let room = MAX_NEXT;
    for (const chain of this.#chains.after(exchange.path, shape)) {
      for (const [index, row] of rows.entries()) {
        const target = filled(chain.target, row, values);
        if (target !== undefined && room > 0 && this.#expect(followed, chain, target, index === 0)) room--;
      }
    }
  }

  /** Expects a request, and asks for its answer where that is worth it. Whether it was not expected before. */
  #expect(followed: Followed, chain: Chain, path: string, isFirst: boolean): boolean {
    const { identities, clock } = this.#parts;
    const { settings } = this;
    const now = clock.now();
    const exchange = exchangeFor(followed, path, chain.wording, now);
    const request = readRequest(exchange, settings.keyFor(path), identities);
    if (request.key === followed.request.key || this.#shelf.has(request.key)) return false;
    const wanted = chain.isTrusted(isFirst) && request.expiresAt > clock.wallNow();
    const asks = wanted && !settings.observe && this.#asking < settings.concurrent && this.#writing === 0;
    const expected = new Expected({
      chain,
      isFirst,
      wanted,
      key: request.key,
      until: now + settings.withinMs,
      exchange,
      askedAt: asks ? now : undefined,
      fields: asks ? this.#fieldsOf(exchange) : '',
    });
    // nothing asks for it: only what tells its route is needed
    if (!asks) exchange.headers = [];
    this.#shelf.put(expected);
    this.#sweepLater();
    if (asks) void this.#ask(expected, followed.ask, request.identity !== '');
    return true;
  }

  async #ask(expected: Expected, ask: Service, personal: boolean): Promise<void> {
    const { clock, observer } = this.#parts;
    const { exchange } = expected;
    const { withinMs } = this.settings;
    this.#asking++;
    let kept: Kept | undefined;
    // later nobody wants it, and a stream has no end
    const giveUp = callAfter(withinMs, () => exchange.abort());
    try {
      const requestedAt = clock.wallNow();
      kept = await keptFrom(await ask(exchange), { requestedAt, clock, maxBytes: this.settings.maxEntry, personal, waitMs: withinMs });
      // what another had begun may be older than a write that has ended since
      if (exchange.cacheStatus.includes('collapsed')) kept = undefined;
    } catch (error) {
      observer.internalError(error);
    }
    clearTimeout(giveUp);
    this.#asking--;
    // only what tells its route is needed from here on
    exchange.headers = [];
    this.#shelf.came(expected, kept);
    observer.acted(exchange, 'prefetch', 'asked');
  }

  #fieldsOf({ headers }: Exchange): string {
    return this.#parts.identities.digest(fieldsText(headers));
  }

  // What comes of it

  #given(exchange: Exchange, kept: Kept, how: 'used' | 'joined'): Reply {
    const { clock, observer } = this.#parts;
    const ageMs = kept.initialAgeMs + Math.max(0, clock.wallNow() - kept.respondedAt);
    exchange.cacheStatus = 'hit; detail=prefetch';
    observer.acted(exchange, 'prefetch', how);
    return fromStore(200, kept.headers, new BytesBody(kept.body), String(Math.floor(ageMs / 1000)));
  }

  /** What was asked for ahead is of no use: other fields were asked for, or it came to nothing, was dropped, or hangs. */
  #lost(exchange: Exchange, how: 'differed' | 'lost'): undefined {
    this.#parts.observer.acted(exchange, 'prefetch', how);
    return undefined;
  }

  #unused(expected: Expected): void {
    expected.chain.scoreOf(expected.isFirst).add(false);
    if (expected.askedAt !== undefined) this.#parts.observer.acted(expected.exchange, 'prefetch', 'unused');
  }

  /** A request that was not expected may follow from an answer that its client has just had. */
  #learn(exchange: Exchange, request: CacheRequest): void {
    if (!this.settings.learn || this.#recent.isEmpty || this.#parts.identities.hasCredentials(exchange.path)) return;
    const tokens = tokensOf(exchange.path);
    if (tokens === undefined) return;
    const now = this.#parts.clock.now();
    for (const link of this.#recent.linksTo(request, tokens, now))
      this.#chains.learn(link, templateFrom(exchange.path, link.tokens, link.fields), wordingOf(exchange.headers), now);
  }

  #sweepLater(): void {
    this.#sweep ??= callAfter(this.settings.withinMs, () => {
      this.#sweep = undefined;
      const now = this.#parts.clock.now();
      this.#shelf.expire(now);
      this.#recent.expire(now);
      if (!this.#shelf.isEmpty || !this.#recent.isEmpty) this.#sweepLater();
    })?.unref();
  }

  #safely(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#parts.observer.internalError(error);
    }
  }
}
