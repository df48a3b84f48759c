import { isCredential } from '../model/credential-field.ts';
import { headerValue, type HeaderList } from '../model/headers.ts';
import type { Lease } from './coalesce/leases.ts';
import { type Storable, storedFrom } from './entry.ts';
import type { Identities } from './identity.ts';
import { combined, isPart } from './rules/combine.ts';
import { bornAt } from './rules/reuse.ts';
import { variantOf } from './rules/vary.ts';
import type { RouteCacheSettings } from './settings.ts';
import type { CacheStore, Found } from './store.ts';

/** An answer that has come whole and is to be stored. */
export interface Kept {
  readonly key: string;
  readonly found: Storable;
  readonly body: Uint8Array;
  /** The fields of the client's request, for Vary, and those that were sent. */
  readonly fields: HeaderList;
  readonly sent: HeaderList;
  readonly tags: readonly string[];
  readonly lease: Lease;
  /** Another fetch for the same began after this one, and may have stored what it brought. */
  readonly overtaken: boolean;
}

/**
 * Stores an answer; a part together with what is stored of the same version (RFC 9111 section 3.4), nothing in the place of what is younger. `over` is told once the lease is
 * needed no more.
 */
export function keep(settings: RouteCacheSettings, parts: { store: CacheStore; identities: Identities }, kept: Kept, over: () => void): void {
  const { upstream, route, maxEntry } = settings;
  const { store, identities } = parts;
  const { key, found, body, tags, lease } = kept;
  const variant = variantOf(found.vary, kept.fields, isCredential, identities.hash);
  const entry = storedFrom(found, body, { variant, upstream, route, tags });
  if (entry === undefined) return over();
  if (!isPart(entry) && !kept.overtaken) {
    void store.put(key, entry);
    return over();
  }
  const bare = headerValue(kept.sent, 'if-range') !== undefined;
  const put = (held: readonly Found[]): void => {
    const late = kept.overtaken && held.some((one) => one.variant === variant && bornAt(one) > bornAt(entry));
    const together = isPart(entry) ? combined(entry, held, { maxBytes: maxEntry, bare }) : entry;
    if (!late && !lease.dead && together !== undefined) void store.put(key, together);
    over();
  };
  const held = store.lookup(key);
  if (held instanceof Promise) void held.then(put);
  else put(held);
}
