/** A resource that a `select` embeds. */
export interface Embed {
  /** A table, a view, a foreign key column, a constraint, or a function that stands for a relationship. */
  readonly name: string;
  /** By what it is joined, where the request says so: a foreign key, a column, or the junction table of a many-to-many relationship. */
  readonly hints: readonly string[];
}

/** The resources that a PostgREST `select` embeds: `bots(*)`, `bot:bots!fk(id)`, `...bots(name)`, at any depth. Aggregates (`amount.sum()`, `count()`) are none. */
export function embedsIn(select: string): Embed[] {
  const found: Embed[] = [];
  // a token is tried from its first letter alone: from each of them, a long one would cost seconds
  for (const [, token = ''] of select.matchAll(/(?<![^(),])([^(),]+)\((?!\))/g)) {
    const embed = embedIn(token);
    if (embed.name !== '') found.push(embed);
  }
  // an embed may select nothing: bots()
  for (const [, token = ''] of select.matchAll(/(?<![^(),])([^(),]+)\(\)/g)) {
    const embed = embedIn(token);
    if (embed.name !== '' && embed.name !== 'count' && !token.includes('.', token.lastIndexOf('...') + 3)) found.push(embed);
  }
  return found;
}

/** `...alias:name!hint!inner`, each of them in quotes or without. */
const TOKEN = /^(?:\.{3})?(?:(?:"[^"]*"|[^":!]*):)?("[^"]*"|[^":!]*)((?:!(?:"[^"]*"|[^":!]+))*)$/;
/** What stands where a hint does, and says which rows are wanted. */
const JOINS: ReadonlySet<string> = new Set(['inner', 'left']);

function embedIn(token: string): Embed {
  const text = token.trim();
  const parts = TOKEN.exec(text);
  // a name that nothing has, so that it may be anything
  if (parts === null) return { name: text, hints: [] };
  const [, name = '', hints = ''] = parts;
  const named = hints.match(/"[^"]*"|[^"!]+/g) ?? [];
  return { name: name.replaceAll('"', ''), hints: named.filter((hint) => !JOINS.has(hint)).map((hint) => hint.replaceAll('"', '')) };
}
