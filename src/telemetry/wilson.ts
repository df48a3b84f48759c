/** A share and the range in which the true one lies with 95 % confidence; all three between 0 and 1. */
export interface Interval {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/** The two-sided 95 % quantile of the normal distribution. */
const Z = 1.959963984540054;

/**
 * The share `hits / total` with its Wilson score interval (Wilson, 1927), which holds for the few samples that a sidecar sees, where the common normal interval says `0 % ± 0 %`.
 * Undefined without samples: nothing is known.
 */
export function wilson(hits: number, total: number): Interval | undefined {
  if (total <= 0) return undefined;
  const ratio = hits / total;
  const z2 = Z * Z;
  const scale = 1 + z2 / total;
  const centre = (ratio + z2 / (2 * total)) / scale;
  const margin = (Z / scale) * Math.sqrt((ratio * (1 - ratio)) / total + z2 / (4 * total * total));
  // at both ends the formula is exact, its floating point is not
  const low = hits === 0 ? 0 : Math.max(0, centre - margin);
  const high = hits === total ? 1 : Math.min(1, centre + margin);
  return { ratio, low, high };
}
