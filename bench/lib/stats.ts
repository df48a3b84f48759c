/** The middle of some numbers; the mean of the two in the middle where their count is even. NaN of none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which the fraction `q` of the numbers lies, interpolated. NaN of none. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? NaN;
  const high = sorted[Math.ceil(at)] ?? NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** A median with the least and the greatest of what it was taken from. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Median, least and greatest. NaN of none. */
export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: quantile(values, 0), max: quantile(values, 1) };
}

/**
 * How many times the baseline, round by round: only figures of one round are compared, since the machine drifts from round to round. Rounds in which
 * either is missing (undefined, NaN) or the baseline is zero are left out.
 */
export function ratios(values: readonly (number | undefined)[], baseline: readonly (number | undefined)[]): number[] {
  return values.flatMap((value, round) => {
    const base = baseline[round];
    return value === undefined || base === undefined || Number.isNaN(value) || !(base > 0) ? [] : [value / base];
  });
}

/** Bounds for a program measured against itself: outside them the machine was not quiet enough to say anything. */
export const AA_BOUNDS = { min: 0.9, max: 1.1 } as const;

/** True if a program measured against itself came out the same, by the median of its per-round ratios. */
export function isQuiet(aaRatios: readonly number[]): boolean {
  const middle = median(aaRatios);
  return middle >= AA_BOUNDS.min && middle <= AA_BOUNDS.max;
}
