import { digest } from './record.ts';
import type { Commander, Send, Word } from './redis-commander.ts';
import { INDEX, REMOVE, TAKE } from './redis-scripts.ts';

/** Answers that one tag leads to, at most: the oldest are forgotten, which frees their memory later and drops them none the less. */
const PER_TAG = 10_000;
/** Keys of one page of a scan. */
const PAGE = 500;

/** Runs a script on one key. */
export function run(commander: Commander, script: string, key: string, words: readonly Word[]): Promise<unknown> {
  return commander.send(key, ['EVAL', script, '1', key, ...words]);
}

/** Where one answer is. */
export interface Place {
  readonly key: string;
  readonly slot: string;
}

/**
 * Which answers carry a tag: to count, list and free them. What is found does not depend on it (see Drops), so it may be incomplete and is written without waiting for
 * each other.
 */
export class TagIndex {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = `${prefix}t:`;
  }

  /** Notes an answer under its tags. */
  async add(commander: Commander, { key, slot }: Place, tags: readonly string[], keepUntil: number, now: number): Promise<void> {
    const life = String(Math.max(1, Math.ceil(keepUntil - now)));
    const words = [`${key} ${slot}`, String(keepUntil), life, String(PER_TAG), String(now)];
    await Promise.all(tags.map((tag) => run(commander, INDEX, this.#keyOf(tag), words)));
  }

  /** What carries one of the tags. */
  async find(commander: Commander, tags: readonly string[], now: number): Promise<Place[]> {
    const found = await Promise.all(tags.map((tag) => commander.send(this.#keyOf(tag), ['ZRANGEBYSCORE', this.#keyOf(tag), String(now), '+inf'])));
    return placesOf(found);
  }

  /** Forgets what carries one of the tags: to be removed. */
  async take(commander: Commander, tags: readonly string[]): Promise<Place[]> {
    return placesOf(await Promise.all(tags.map((tag) => run(commander, TAKE, this.#keyOf(tag), []))));
  }

  #keyOf(tag: string): string {
    return this.#prefix + digest(tag);
  }
}

/** Removes answers. How many were there. */
export async function remove(commander: Commander, places: readonly Place[]): Promise<number> {
  const byKey = Map.groupBy(places, ({ key }) => key);
  const slotsOf = (held: readonly Place[]): string[] => held.map(({ slot }) => slot);
  const gone = await Promise.all([...byKey].map(([key, held]) => run(commander, REMOVE, key, slotsOf(held))));
  return gone.reduce<number>((count, one) => count + Number(one), 0);
}

/** All keys with a prefix, page by page. */
export async function* scan(send: Send, prefix: string): AsyncGenerator<readonly string[]> {
  const pattern = `${prefix.replace(/[*?[\]\\^-]/g, String.raw`\$&`)}*`;
  let cursor = '0';
  do {
    const [next, keys] = (await send(['SCAN', cursor, 'MATCH', pattern, 'COUNT', String(PAGE)])) as [Buffer, Buffer[]];
    cursor = String(next);
    yield keys.map(String);
  } while (cursor !== '0');
}

function placesOf(found: readonly unknown[]): Place[] {
  const members = new Set((found as readonly (readonly Buffer[])[]).flatMap((one) => one.map(String)));
  return [...members].map((member) => {
    const cut = member.lastIndexOf(' ');
    return { key: member.slice(0, cut), slot: member.slice(cut + 1) };
  });
}
