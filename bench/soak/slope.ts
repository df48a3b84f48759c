/** A line through points, by least squares. */
export interface Line {
  readonly slope: number;
  /** Half of the slope's 95 % interval; NaN of fewer than three points. */
  readonly within: number;
}

/** Fits a line. The interval takes errors as independent, which memory is not quite: read it as a lower bound. */
export function fitLine(points: readonly (readonly [x: number, y: number])[]): Line {
  const n = points.length;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n;
  const sxx = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / sxx;
  const rest = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  return { slope, within: n < 3 ? Number.NaN : 2 * Math.sqrt(rest / (n - 2) / sxx) };
}
