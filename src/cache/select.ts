import { isCredential } from '../model/credential-field.ts';
import type { Exchange } from '../model/exchange.ts';
import type { HeaderList } from '../model/headers.ts';
import type { CacheRequest } from './request.ts';
import { takesCodings } from './rules/codings.ts';
import { type Gap, isGap, piecedTogether } from './rules/gap.ts';
import { partOf } from './rules/range.ts';
import { contradicts } from './rules/validators.ts';
import { bornAt } from './rules/reuse.ts';
import { type Hash, matches } from './rules/vary.ts';
import type { Found } from './store.ts';

/** What is stored for a request. */
export interface Selection {
  /** The most recent whole answer that is for it (RFC 9111 section 4.1); once `pieced`, where there is none, what holds the range that it asks for. */
  readonly stored: Found | undefined;
  /** Parts of it, by byte ranges, the most recent first: none that is older than the whole answer, or of another version than the most recent. */
  readonly parts: readonly Found[];
  /** Whole answers under its key, for other requests too: their validators can still be asked about. */
  readonly all: readonly Found[];
  /** Only answers for other requests are stored under its key. */
  readonly forOthers?: boolean;
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
  const stored = chosen(fitting.filter((entry) => entry.range === undefined));
  const parts = fitting.filter((part) => part.range !== undefined && (stored === undefined || bornAt(part) > bornAt(stored)));
  parts.sort((a, b) => bornAt(b) - bornAt(a));
  const [newest] = parts;
  return {
    stored,
    parts: newest === undefined ? NOTHING_SELECTED.parts : parts.filter((part) => part === newest || !contradicts(part, newest)),
    all: found.filter((entry) => entry.range === undefined && (fitting.includes(entry) || mayBeAskedAbout(entry, request))),
    forOthers: fitting.length === 0,
  };
}

/**
 * Whether an answer that is for other requests may be asked about for this one: whatever its tag, one that varies by who asks is nothing for somebody else, and one in a coding that is not accepted cannot be
 * read. A tag may be the same for all codings.
 */
function mayBeAskedAbout({ vary, headers }: Found, request: HeaderList): boolean {
  return !vary.some(isCredential) && takesCodings(request, headers);
}

/** Of whole answers that are for a request, the most recent; those that say what they vary by before one that is only sent where nothing else is (RFC 9111 sections 4 and 4.1). */
function chosen(fitting: readonly Found[]): Found | undefined {
  let best: Found | undefined;
  for (const one of fitting) {
    const saysMore = Number(one.vary.length > 0) - Number((best?.vary.length ?? 0) > 0);
    if (best === undefined || saysMore > 0 || (saysMore === 0 && bornAt(one) > bornAt(best))) best = one;
  }
  return best;
}

/** What is stored for a request that no stored answer could serve as it is. */
export interface Pieced {
  readonly selection: Selection;
  /** True where `stored` was made from several parts: it was not looked at before. */
  readonly together: boolean;
  /** What the parts lack of what is asked for, where that is one piece. */
  readonly gap: Gap | undefined;
}

/** Looks at what parts hold of what is asked for, where no whole answer is stored: one of them alone, several together, or all but a gap. */
export function pieced(selection: Selection, { method, headers }: Exchange, request: CacheRequest): Pieced {
  const { stored, parts, all } = selection;
  if (stored !== undefined || parts.length === 0) return { selection, together: false, gap: undefined };
  const ranged = request.ranged && method === 'GET';
  const holder = ranged ? parts.find((part) => partOf(headers, part) !== undefined) : undefined;
  if (holder !== undefined) return { selection: { stored: holder, parts, all }, together: false, gap: undefined };
  const found = piecedTogether(headers, ranged, parts);
  if (found === undefined || isGap(found)) return { selection, together: false, gap: found };
  const joined: Found = { ...found, stale: parts.some(({ stale }) => stale) };
  return { selection: { stored: joined, parts: [], all: joined.range === undefined ? [joined, ...all] : all }, together: true, gap: undefined };
}
