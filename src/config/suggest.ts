/** How many letters have to be put in, left out, changed or swapped with their neighbour to make one word of the other (optimal string alignment). */
export function editDistance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  const cell = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let row = 1; row <= from.length; row++) {
    rows[row] = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const change = cell(row - 1, column - 1) + (same ? 0 : 1);
      const swap = swapped ? cell(row - 2, column - 2) + 1 : change;
      rows[row]?.push(Math.min(change, swap, cell(row - 1, column) + 1, cell(row, column - 1) + 1));
    }
  }
  return cell(from.length, to.length);
}

/** The known name that was probably meant; undefined where none is near enough. Case, `-` and `_` do not count. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const bare = normal(name);
  let best: string | undefined;
  let least = Math.max(1, Math.floor(bare.length / 3)) + 1;
  for (const candidate of known) {
    const distance = distanceTo(bare, normal(candidate));
    if (distance >= least) continue;
    best = candidate;
    least = distance;
  }
  return best;
}

/** A name that goes on from another one (`accessLog`, `access`) is nearly it. */
function distanceTo(bare: string, known: string): number {
  const [short, long] = bare.length < known.length ? [bare, known] : [known, bare];
  return short.length >= 4 && long.startsWith(short) ? 1 : editDistance(bare, known);
}

function normal(name: string): string {
  return name.slice(0, 100).toLowerCase().replace(/[-_]/g, '');
}
