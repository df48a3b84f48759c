import { parseObject } from '../../model/json.ts';
import type { StoreFilter } from '../store.ts';
import { type Head, matches } from './record.ts';

/** Filters that are remembered: an answer that is older than the last of them has to be held against each. */
const REMEMBERED = 1000;
/** Longer prefixes are cut: more is dropped then. */
const LONGEST_PREFIX = 4000;
/** Begins a tag that stands for a filter. No other tag does. */
const MARK = '\0';

/** A tag that stands for all that a filter holds for, so that both are dropped, told and remembered in one way. */
export function filterTag({ upstream, route, prefix, tag }: StoreFilter): string {
  return MARK + JSON.stringify({ upstream, route, prefix: prefix?.slice(0, LONGEST_PREFIX), tag });
}

/** Whether a tag stands for a filter. */
export const isFilterTag = (tag: string): boolean => tag.startsWith(MARK);

interface FilterDrop {
  readonly tag: string;
  readonly filter: StoreFilter;
  readonly soft: boolean;
  readonly seq: number;
}

/** What was dropped by filter and not by tag, a bounded number. */
export class FilterDrops {
  /** The oldest first. */
  #drops: readonly FilterDrop[] = [];

  /** Remembers a drop. Replies the number below which everything has to count as dropped: above 0 where there was no room for an older one. */
  note(tag: string, soft: boolean, seq: number): number {
    const filter: StoreFilter | undefined = parseObject(tag.slice(MARK.length));
    if (filter === undefined) return seq;
    const others = this.#drops.filter((drop) => drop.tag !== tag || drop.soft !== soft || drop.seq > seq);
    const drops = [...others, { tag, filter, soft, seq }].sort((a, b) => a.seq - b.seq);
    const over = drops.length - REMEMBERED;
    this.#drops = over > 0 ? drops.slice(over) : drops;
    return over > 0 ? (drops[over - 1]?.seq ?? 0) : 0;
  }

  /** Whether an answer that was stored under `seq` was dropped since, or marked softly. */
  isBelow(soft: boolean, seq: number, head: Head): boolean {
    for (let i = this.#drops.length - 1; i >= 0; i--) {
      const drop = this.#drops[i];
      if (drop === undefined || drop.seq <= seq) return false;
      if (drop.soft === soft && matches(drop.filter, head)) return true;
    }
    return false;
  }
}
