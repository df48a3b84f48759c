import type { HeaderList } from '../model/headers.ts';
import { isCredential } from './identity.ts';
import { type Hash, matches } from './rules/vary.ts';
import type { Found } from './store.ts';

/** What is stored for a request. */
export interface Selection {
  /** The most recent answer that is for it (RFC 9111 section 4.1), a whole one before a part. */
  readonly stored: Found | undefined;
  /** Parts of it, by byte ranges. */
  readonly parts: readonly Found[];
  /** Whole answers under its key, for other requests too: their validators can still be asked about. */
  readonly all: readonly Found[];
}

/** Nothing stored. */
export const NOTHING_SELECTED: Selection = { stored: undefined, parts: [], all: [] };

/** Picks what is stored for a request from the variants under its key. */
export function select(found: readonly Found[], request: HeaderList, hash: Hash): Selection {
  if (found.length === 0) return NOTHING_SELECTED;
  const only = found[0];
  if (found.length === 1 && only !== undefined && only.vary.length === 0 && only.range === undefined)
    return { stored: only, parts: NOTHING_SELECTED.parts, all: found };
  const fitting = found.filter((entry) => matches(entry, request, isCredential, hash));
  return {
    stored: fitting.find((entry) => entry.range === undefined),
    parts: fitting.filter((entry) => entry.range !== undefined),
    // whatever its tag, an answer that varies by who asks is nothing to ask about for somebody else
    all: found.filter((entry) => entry.range === undefined && (fitting.includes(entry) || !entry.vary.some(isCredential))),
  };
}
