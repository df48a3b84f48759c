import { randomUUID } from 'node:crypto';
import { parseObject } from '../../model/json.ts';
import type { InvalidationListener } from '../store.ts';
import { digest, type Head } from './record.ts';
import type { Commander } from './redis-commander.ts';
import { FilterDrops, isFilterTag } from './redis-filters.ts';
import { CATCH_UP, DROP, DROP_ALL } from './redis-scripts.ts';
import type { UnmadeDrops } from './unmade-drops.ts';

/** Drops that are remembered; what was stored before the oldest of them is found no more. */
const REMEMBERED = 50_000;
/** Longer tags are remembered by their hash. */
const LONGEST = 400;
/** How often a lookup catches up before it gives up. */
const ROUNDS = 3;

/** The key under which a store with this prefix keeps its drops. */
export const dropsKey = (prefix: string): string => `${prefix}drops`;

/**
 * What was dropped from a shared store. Every drop has a number above the last; an answer carries the number that its sidecar had seen when it stored it, and is
 * dead once one of its tags was dropped under a higher one. Each lookup reads the last number along with the answer: who has not seen it yet catches up first. So nobody
 * finds what a settled drop concerns, whoever dropped it, even where a message was lost; and an answer that was fetched before a drop and arrives after it is dead on arrival.
 */
export class Drops {
  readonly key: string;
  readonly channel: string;
  readonly #from = randomUUID();
  readonly #tell: InvalidationListener;
  readonly #hard = new Map<string, number>();
  readonly #soft = new Map<string, number>();
  readonly #filters = new FilterDrops();
  #floor = 0;
  #seen = -1;
  #catching: Promise<void> | undefined;
  #reading: Promise<unknown> | undefined;

  /** `tell` hears of the drops of others. */
  constructor(prefix: string, tell: InvalidationListener) {
    this.key = dropsKey(prefix);
    this.channel = `${prefix}dropped`;
    this.#tell = tell;
  }

  /** The number of the last drop that is known here: what is stored now is older than the next. */
  get seen(): number {
    return this.#seen;
  }

  /** Whether an answer that was stored under `seq` was dropped since. */
  isDead(seq: number, head: Head): boolean {
    return seq < this.#floor || isBelow(this.#hard, seq, head.tags) || this.#filters.isBelow(false, seq, head);
  }

  /** Whether it was marked softly since. */
  isMarked(seq: number, head: Head): boolean {
    return isBelow(this.#soft, seq, head.tags) || this.#filters.isBelow(true, seq, head);
  }

  /**
   * The number of the last drop, read from Redis; null where it is not there. Who asks before it is sent shares one reading: it says what was settled before any of them
   * asked.
   */
  last(commander: Commander): Promise<unknown> {
    if (this.#reading === undefined) {
      // before the library's own, which sends
      setImmediate(() => {
        this.#reading = undefined;
      });
      this.#reading = commander.send(this.key, ['ZSCORE', this.key, '#seq']);
    }
    return this.#reading;
  }

  /** Catches up with the drop of this number. False where that did not come about. */
  async reach(commander: Commander, seq: number): Promise<boolean> {
    if (seq === this.#seen) return true;
    for (let round = 0; round < ROUNDS; round++) {
      await this.catchUp(commander);
      if (this.#seen >= seq) return true;
    }
    return false;
  }

  /** Reads what was dropped since. Rejects where Redis does. */
  catchUp(commander: Commander): Promise<void> {
    this.#catching ??= this.#catchUp(commander).finally(() => {
      this.#catching = undefined;
    });
    return this.#catching;
  }

  /** Drops tags, filters among them, for everybody. Rejects where Redis does. */
  async drop(commander: Commander, tags: readonly string[], soft: boolean): Promise<void> {
    const members = tags.map((tag) => memberOf(tag, soft));
    const reply = await this.#run(commander, DROP, [this.channel, this.#message(tags, soft), String(REMEMBERED), ...members]);
    const [seq, last] = (reply as readonly unknown[]).map(Number) as [number, number];
    if (last === this.#seen) this.#next(seq, members);
    else if (seq > this.#seen) await this.catchUp(commander);
  }

  /** Forgets all that is stored, for everybody. Rejects where Redis does. */
  async dropAll(commander: Commander): Promise<void> {
    await this.#run(commander, DROP_ALL, [this.channel, this.#message(undefined, false)]);
    await this.catchUp(commander);
  }

  /** Makes drops that could not be made before, for everybody. Rejects where Redis does: they then stay remembered. */
  async make(commander: Commander, unmade: UnmadeDrops): Promise<void> {
    const taken = unmade.take();
    try {
      if (taken.all) await this.dropAll(commander);
      for (const soft of [true, false]) {
        const tags = taken.tags.filter((one) => one[1] === soft).map(([tag]) => tag);
        if (tags.length > 0) await this.drop(commander, tags, soft);
      }
    } catch (error) {
      unmade.giveBack(taken);
      throw error;
    }
  }

  /** A message of the channel. What is no such message is passed over: the next lookup catches up. */
  heard(message: string, commander: Commander): void {
    const cut = message.indexOf('\n');
    const [seq = NaN, last] = message.slice(0, cut).split(' ').map(Number);
    const { from, soft, tags }: Partial<Message> = parseObject(message.slice(cut + 1)) ?? {};
    if (from === undefined || from === this.#from) return;
    this.#tell(namesOf(tags), soft === true);
    if (tags !== undefined && last === this.#seen)
      this.#next(
        seq,
        tags.map((tag) => memberOf(tag, soft === true)),
      );
    else if (seq > this.#seen) this.catchUp(commander).catch(() => undefined);
  }

  #next(seq: number, members: readonly string[]): void {
    for (const member of members) this.#note(member, seq);
    this.#seen = seq;
  }

  async #catchUp(commander: Commander): Promise<void> {
    const reply = (await this.#run(commander, CATCH_UP, [String(this.#seen)])) as [Buffer, Buffer, Buffer[]];
    const [seq, floor, dropped] = [Number(reply[0]), Number(reply[1]), reply[2]];
    const tags: string[] = [];
    for (let i = 0; i + 1 < dropped.length; i += 2) {
      const member = String(dropped[i]);
      if (member.startsWith('#')) continue;
      this.#note(member, Number(dropped[i + 1]));
      tags.push(member.slice(1));
    }
    // who has lost drops does not know what they were
    const lost = floor > this.#seen || tags.some((tag) => tag.startsWith('~'));
    this.#floor = Math.max(this.#floor, floor);
    this.#seen = Math.max(this.#seen, seq);
    if (lost || tags.length > 0) this.#tell(lost ? undefined : namesOf(tags), false);
  }

  /** Keeps the latest drop of a tag, the oldest tags first. Those past the bound are forgotten as Redis forgets them: with what was stored before. */
  #note(member: string, seq: number): void {
    const soft = member.startsWith('s');
    const tag = member.slice(1);
    if (isFilterTag(tag)) {
      this.#floor = Math.max(this.#floor, this.#filters.note(tag, soft, seq));
      return;
    }
    const drops = soft ? this.#soft : this.#hard;
    // what was read before the last message may come after it
    if ((drops.get(tag) ?? -1) >= seq) return;
    drops.delete(tag);
    drops.set(tag, seq);
    if (drops.size <= REMEMBERED) return;
    const [oldest] = drops;
    if (oldest === undefined) return;
    drops.delete(oldest[0]);
    this.#floor = Math.max(this.#floor, oldest[1]);
  }

  #message(tags: readonly string[] | undefined, soft: boolean): string {
    return JSON.stringify({ from: this.#from, soft, tags } satisfies Message);
  }

  #run(commander: Commander, script: string, words: readonly string[]): Promise<unknown> {
    return commander.send(this.key, ['EVAL', script, '1', this.key, ...words]);
  }
}

interface Message {
  readonly from: string;
  readonly soft: boolean;
  /** Undefined: everything. */
  readonly tags: readonly string[] | undefined;
}

/** Tags as others are told of them; undefined where a filter is among them, which may be about anything. */
const namesOf = (tags: readonly string[] | undefined): readonly string[] | undefined => (tags?.some(isFilterTag) === true ? undefined : tags);

const shortOf = (tag: string): string => (tag.length > LONGEST && !isFilterTag(tag) ? `~${digest(tag)}` : tag);
const memberOf = (tag: string, soft: boolean): string => `${soft ? 's' : 'h'}${shortOf(tag)}`;

function isBelow(drops: ReadonlyMap<string, number>, seq: number, tags: readonly string[]): boolean {
  if (drops.size === 0) return false;
  return tags.some((tag) => (drops.get(shortOf(tag)) ?? -1) > seq);
}
