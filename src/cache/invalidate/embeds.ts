/**
 * The names of the resources that a PostgREST `select` embeds: `bots(*)`, `bot:bots!fk(id)`, `...bots(name)`, at any depth. A name may be that of a table, a view, a
 * foreign key column or a constraint. Aggregates (`amount.sum()`, `count()`) are none.
 */
export function embeddedNames(select: string): string[] {
  const names = new Set<string>();
  // a token is tried from its first letter alone: from each of them, a long one would cost seconds
  for (const [, token = ''] of select.matchAll(/(?<![^(),])([^(),]+)\((?!\))/g)) {
    const name = nameIn(token);
    if (name !== '') names.add(name);
  }
  // an embed may select nothing: bots()
  for (const [, token = ''] of select.matchAll(/(?<![^(),])([^(),]+)\(\)/g)) {
    const name = nameIn(token);
    if (name !== '' && name !== 'count' && !token.includes('.', token.lastIndexOf('...') + 3)) names.add(name);
  }
  return [...names];
}

/** `...alias:name!hint` without what stands around the name. */
function nameIn(token: string): string {
  const plain = token.trim().replace(/^\.\.\./, '');
  const target = plain.slice(plain.lastIndexOf(':') + 1);
  return (target.split('!', 1)[0] ?? '').replaceAll('"', '');
}
