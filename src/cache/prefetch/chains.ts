import { LRUCache } from 'lru-cache';
import type { HeaderList } from '../../model/headers.ts';
import { matchesTemplate } from '../../model/path-template.ts';
import { pathOf, percentDecoded } from '../../model/target.ts';
import type { Wording } from './fields.ts';
import type { Link } from './recent.ts';
import { Score } from './score.ts';
import type { WrittenChain } from './settings.ts';
import type { TargetTemplate } from './target.ts';

/** Shapes of requests after which something was seen to follow, and what may follow each. */
const MAX_SHAPES = 500;
const MAX_NEXT = 16;

/** A request that follows another, as far as it is known. */
export class Chain {
  /** What it follows: a path template, or the shape of the requests. */
  readonly after: string;
  readonly target: TargetTemplate;
  readonly written: boolean;
  /** Since when it is known. Monotonic milliseconds. */
  readonly since: number;
  /** What the first row of an answer led to, and what the others did: clients often follow the first alone. */
  readonly first = new Score();
  readonly rest = new Score();
  readonly #ownHeaders: boolean;
  #wording: Wording;

  constructor(after: string, target: TargetTemplate, headers: HeaderList | undefined, written: boolean, since = -Infinity) {
    this.since = since;
    this.after = after;
    this.target = target;
    this.written = written;
    this.#ownHeaders = written && headers !== undefined;
    this.#wording = { kind: written ? 'said' : 'seen', fields: headers ?? [] };
  }

  /** How it is asked for. */
  get wording(): Wording {
    return this.#wording;
  }

  /** Such a request was seen, worded so; what the configuration says stays. */
  seenWith(fields: HeaderList): void {
    if (!this.#ownHeaders) this.#wording = { kind: 'seen', fields };
  }

  /** What the first row of an answer led to, or what the others did. */
  scoreOf(isFirst: boolean): Score {
    return isFirst ? this.first : this.rest;
  }

  /** Whether it is worth asking for. */
  isTrusted(isFirst: boolean): boolean {
    return this.written || this.scoreOf(isFirst).trusted;
  }
}

interface Written {
  readonly matches: (path: string) => boolean;
  readonly chain: Chain;
}

/** The chains of one upstream: those of the configuration, and those that were seen. */
export class Chains {
  readonly #written: readonly Written[];
  readonly #learned = new LRUCache<string, Map<string, Chain>>({ max: MAX_SHAPES });

  constructor(written: readonly WrittenChain[]) {
    this.#written = written.map(({ after, target, headers }) => ({
      matches: (path) => matchesTemplate(after, path),
      chain: new Chain(after.text, target, headers, true),
    }));
  }

  /** What may follow a request. */
  after(target: string, shape: string): Chain[] {
    const path = percentDecoded(pathOf(target));
    const written = this.#written.filter(({ matches }) => matches(path)).map(({ chain }) => chain);
    return [...written, ...(this.#learned.get(shape)?.values() ?? [])];
  }

  /** Whether anything in the configuration follows a request. */
  isWrittenAfter(target: string): boolean {
    const path = percentDecoded(pathOf(target));
    return this.#written.some(({ matches }) => matches(path));
  }

  /** A request was seen to follow from an answer; `now` in monotonic milliseconds. Where there are too many, the one that came true least goes. */
  learn(link: Pick<Link, 'shape' | 'isFirst' | 'at'>, target: TargetTemplate, wording: HeaderList, now: number): void {
    const { shape, isFirst, at: answeredAt } = link;
    const next = this.#learned.get(shape) ?? new Map<string, Chain>();
    if (next.size === 0) this.#learned.set(shape, next);
    const known = next.get(target.text);
    // a chain that was known when the answer came was expected then, and is counted by that
    if (known !== undefined) return known.since < answeredAt ? undefined : known.scoreOf(isFirst).add(true);
    if (next.size >= MAX_NEXT) {
      const [weakest] = [...next.values()].toSorted((a, b) => usedOf(a) - usedOf(b));
      if (weakest !== undefined) next.delete(weakest.target.text);
    }
    const chain = new Chain(shape, target, wording, false, now);
    chain.scoreOf(isFirst).add(true);
    next.set(target.text, chain);
  }

  /** All that are worth asking for, for people. */
  get trusted(): Chain[] {
    const all = [...this.#written.map(({ chain }) => chain), ...[...this.#learned.values()].flatMap((next) => [...next.values()])];
    return all.filter((chain) => chain.isTrusted(true) || chain.isTrusted(false));
  }
}

function usedOf({ first, rest }: Chain): number {
  return first.used + rest.used;
}
