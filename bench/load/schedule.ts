/** The numbers from 0 to `count` - 1, each once, in any order alike. */
export function shuffled(count: number, random: () => number): number[] {
  const order = Array.from({ length: count }, (_, n) => n);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
  }
  return order;
}

/**
 * When in a period each target is asked, in milliseconds from its beginning, so that the request before has most likely been answered: as long as that
 * target typically takes, and then an equal share of what the period has left. By target, not by turn.
 */
export function offsetsMs(order: readonly number[], typicalMs: readonly number[], periodMs: number): number[] {
  const busyMs = order.reduce((sum, target) => sum + (typicalMs[target] ?? 0), 0);
  const restMs = Math.max(0, periodMs - busyMs) / order.length;
  const offsets: number[] = [];
  let at = 0;
  for (const target of order) {
    offsets[target] = at;
    at += (typicalMs[target] ?? 0) + restMs;
  }
  return offsets;
}
