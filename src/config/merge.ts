import { type Entry, isNull, type ListTree, type MapTree, type Tree } from './tree.ts';

/** Lists whose items the user adds in front of the preset's: the first match wins in them. */
const PREPENDED: ReadonlySet<string> = new Set(['classify', 'pushback']);

/**
 * Lays a user's settings over a preset's: maps key by key at any depth, null removes a key (and stays where there is none, for the checks to see), `routes` by name, `classify` and `pushback` in front;
 * any other value or list takes the place of the preset's.
 */
export function mergeTrees(base: Tree, over: Tree): Tree {
  if (base.kind !== 'map' || over.kind !== 'map') return over;
  const entries = new Map(base.entries);
  for (const [key, entry] of over.entries) {
    const old = entries.get(key);
    if (isNull(entry.value) && old !== undefined && !isNull(old.value)) entries.delete(key);
    else entries.set(key, old === undefined ? entry : { key: entry.key, value: mergeEntry(key, old, entry) });
  }
  return { ...over, entries };
}

function mergeEntry(key: string, old: Entry, entry: Entry): Tree {
  const [base, over] = [old.value, entry.value];
  if (base.kind !== 'list' || over.kind !== 'list') return mergeTrees(base, over);
  if (key === 'routes') return mergeRoutes(base, over);
  return PREPENDED.has(key) ? { ...over, items: [...over.items, ...base.items] } : over;
}

/** A route that has the name of one in the preset changes it in its place; the others come first. */
function mergeRoutes(base: ListTree, over: ListTree): ListTree {
  const changes = new Map<string, MapTree>();
  const added: ListTree['items'][number][] = [];
  const known = new Set(base.items.map((item) => nameOf(item.value)));
  for (const item of over.items) {
    const name = nameOf(item.value);
    if (name !== undefined && known.has(name) && item.value.kind === 'map' && !changes.has(name)) changes.set(name, item.value);
    else added.push(item);
  }
  const kept = base.items.map((item) => {
    const change = changes.get(nameOf(item.value) ?? '');
    if (change === undefined) return item;
    const index = over.items.find(({ value }) => value === change)?.index ?? item.index;
    return { index, value: mergeTrees(item.value, change) };
  });
  return { ...over, items: [...added, ...kept] };
}

function nameOf(route: Tree): string | undefined {
  const name = route.kind === 'map' ? route.entries.get('name')?.value : undefined;
  return name?.kind === 'scalar' && typeof name.value === 'string' ? name.value : undefined;
}
