/** Words of a name that are looked at: more make no name that people give. */
const WORDS = 8;

/** What a table is called for one of its rows, word by word: `bot_profiles` and `BotProfile` are `bot_profile`. Plurals by the letters alone, since the same is done to both sides. */
export function stemOf(name: string): string {
  return wordsOf(name).join('_');
}

/** The stems of all that a table may join by its name: `user_permissions` those of `users` and of `permissions`, `bot_profile_tags` that of `bot_profiles` too. Its own is not among them. */
export function stemsWithin(table: string): string[] {
  const words = wordsOf(table);
  const stems = new Set<string>();
  for (let from = 0; from < words.length; from++) {
    for (let to = from + 1; to <= words.length; to++) if (to - from < words.length) stems.add(words.slice(from, to).join('_'));
  }
  return [...stems];
}

function wordsOf(name: string): string[] {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u, WORDS);
  return words.filter((word) => word !== '').map(singular);
}

function singular(word: string): string {
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  return word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word;
}
