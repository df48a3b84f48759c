/** What one run of wrk found. */
export interface WrkResult {
  readonly requestsPerSecond: number;
  readonly requests: number;
  /** Read off the sockets, heads and parts of answers included. */
  readonly bytes: number;
  readonly seconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Answers that were not 2xx or 3xx, and sockets that broke. */
  readonly errors: number;
}

const UNITS: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1_000_000, m: 60_000_000 };
const SIZES: Readonly<Record<string, number>> = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 };

/** Reads the report that `wrk --latency` prints. Undefined where it is none. */
export function parseWrk(text: string): WrkResult | undefined {
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(text);
  const total = /(\d+) requests in ([\d.]+)(us|ms|s|m), ([\d.]+)(\w*B) read/.exec(text);
  if (rate === null || total === null) return undefined;
  const [, requests, time, unit = '', size, scale = ''] = total;
  const broken = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)?.slice(1) ?? [];
  const refused = /Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? '0';
  return {
    requestsPerSecond: Number(rate[1]),
    requests: Number(requests),
    bytes: Number(size) * (SIZES[scale] ?? NaN),
    seconds: (Number(time) * (UNITS[unit] ?? NaN)) / 1_000_000,
    p50Us: latency(text, '50%'),
    p99Us: latency(text, '99%'),
    errors: broken.reduce((sum, count) => sum + Number(count), Number(refused)),
  };
}

function latency(text: string, percentile: string): number {
  const found = new RegExp(`^\\s+${percentile}\\s+([\\d.]+)(us|ms|s|m)$`, 'm').exec(text);
  return found === null ? NaN : Number(found[1]) * (UNITS[found[2] ?? ''] ?? NaN);
}
