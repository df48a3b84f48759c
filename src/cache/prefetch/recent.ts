import type { CacheRequest } from '../request.ts';
import type { Row } from './rows.ts';
import { isOrdinary, type Token } from './target.ts';

/** An answer in which the values of the next request may stand. */
export interface RecentAnswer {
  /** The key of its request. */
  readonly key: string;
  readonly shape: string;
  readonly rows: readonly Row[];
  /** The values of its own request. */
  readonly request: Row;
  /** Monotonic milliseconds. */
  readonly at: number;
}

/** An answer, with the places of its values. */
interface KnownAnswer extends RecentAnswer {
  readonly places: ReadonlyMap<string, readonly Place[]>;
}

/** A request, seen as the one that follows a recent answer. */
export interface Link {
  readonly shape: string;
  /** The places whose values stood in the answer, or in the request for it; the others are the same each time. */
  readonly tokens: readonly Token[];
  /** What each of them is called there. */
  readonly fields: readonly string[];
  /** It was the first row of the answer. */
  readonly isFirst: boolean;
  /** When the answer was there. Monotonic milliseconds. */
  readonly at: number;
}

/** Answers that are remembered, in all and of one client. */
const MAX_ANSWERS = 256;
const MAX_OF_ONE = 32;

/** The last answers, by who asked: what a request asks for may stand in one of them. */
export class RecentAnswers {
  readonly #withinMs: number;
  readonly #byIdentity = new Map<string, KnownAnswer[]>();
  #count = 0;

  constructor(withinMs: number) {
    this.#withinMs = withinMs;
  }

  /** Whether none is remembered. */
  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Remembers an answer for a while. */
  add(identity: string, answer: RecentAnswer): void {
    const own = this.#byIdentity.get(identity) ?? [];
    if (own.length >= MAX_OF_ONE) {
      own.shift();
      this.#count--;
    }
    own.push({ ...answer, places: placesIn(answer.rows) });
    this.#count++;
    // last in the order of the map: who asked longest ago is forgotten first
    this.#byIdentity.delete(identity);
    this.#byIdentity.set(identity, own);
    if (this.#count > MAX_ANSWERS) this.#forgetOne();
  }

  /** How a request may follow from the answers of who asks, the newest first; for each kind of request before it. */
  linksTo({ identity, key }: Pick<CacheRequest, 'identity' | 'key'>, tokens: readonly Token[], now: number): Link[] {
    const links = new Map<string, readonly Link[]>();
    for (const answer of (this.#byIdentity.get(identity) ?? []).toReversed()) {
      if (now - answer.at > this.#withinMs) break;
      // the same once more follows from nothing
      if (answer.key === key || links.has(answer.shape)) continue;
      const found = linksFrom(answer, tokens);
      if (found.length > 0) links.set(answer.shape, found);
    }
    return [...links.values()].flat();
  }

  /** Forgets what is too old to be followed. */
  expire(now: number): void {
    for (const [identity, own] of this.#byIdentity) {
      const kept = own.filter(({ at }) => now - at <= this.#withinMs);
      this.#count -= own.length - kept.length;
      if (kept.length === 0) this.#byIdentity.delete(identity);
      else if (kept.length < own.length) this.#byIdentity.set(identity, kept);
    }
  }

  #forgetOne(): void {
    const [oldest] = this.#byIdentity;
    if (oldest === undefined) return;
    const [identity, own] = oldest;
    own.shift();
    this.#count--;
    if (own.length === 0) this.#byIdentity.delete(identity);
  }
}

/** A place in the rows of an answer. */
interface Place {
  readonly row: number;
  readonly field: string;
}

/** Where each value stands in the rows of an answer. */
function placesIn(rows: readonly Row[]): Map<string, Place[]> {
  const places = new Map<string, Place[]>();
  for (const [row, values] of rows.entries()) {
    for (const [field, value] of values) {
      const known = places.get(value);
      if (known === undefined) places.set(value, [{ row, field }]);
      else known.push({ row, field });
    }
  }
  return places;
}

/**
 * A request follows from an answer where one of its values, at least, stands in a row of it, and what stands nowhere is nothing of one user's. Where a value stands there more than once, time will
 * tell which it is.
 */
function linksFrom({ shape, places, request, at }: KnownAnswer, tokens: readonly Token[]): Link[] {
  const row = Math.min(...tokens.map((token) => places.get(token.value)?.[0]?.row ?? Infinity));
  if (row === Infinity) return [];
  const found: { token: Token; fields: string[]; own: Set<string> }[] = [];
  for (const token of tokens) {
    const own = likelierFirst(
      (places.get(token.value) ?? []).flatMap((place) => (place.row === row ? [place.field] : [])),
      token,
    );
    const asked = [...request].find(([, value]) => value === token.value)?.[0];
    const fields = asked === undefined ? own : [...own, asked];
    if (fields.length > 0) found.push({ token, fields, own: new Set(own) });
    else if (!isOrdinary(token)) return [];
  }
  const choices = choicesOf(found.map(({ fields }) => fields)).filter((fields) =>
    fields.some((field, index) => found[index]?.own.has(field) === true),
  );
  return choices.map((fields) => ({ shape, tokens: found.map(({ token }) => token), fields, isFirst: row === 0, at }));
}

/** Ways to read a request from an answer that are tried, at most. */
const MAX_CHOICES = 4;

/** One field for each token, in all ways, the likelier first. */
function choicesOf(fields: readonly (readonly string[])[]): string[][] {
  let choices: string[][] = [[]];
  for (const some of fields) choices = choices.flatMap((choice) => some.map((field) => [...choice, field])).slice(0, MAX_CHOICES);
  return choices;
}

/** The fields that are called as the parameter is, or end so, before the others. */
function likelierFirst(fields: readonly string[], { parameter }: Token): string[] {
  const isLikely = (field: string): boolean =>
    parameter !== '' && (field === parameter || field.endsWith(`_${parameter}`) || field.endsWith(`.${parameter}`));
  return [...fields.filter(isLikely), ...fields.filter((field) => !isLikely(field))];
}
