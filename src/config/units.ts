/** Milliseconds per unit of a duration in the configuration. */
const MS_PER = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** Bytes per unit of a size in the configuration. */
const BYTES_PER = { B: 1, KB: 1000, KiB: 1024, MB: 1_000_000, MiB: 1024 ** 2, GB: 1e9, GiB: 1024 ** 3 } as const;

/** The pattern of a duration, for the JSON Schema: one or more of `250ms 5s 2m 1h 1d`, as in `1m30s`; `0` is allowed. */
export const DURATION_PATTERN = '^(0|(\\d+(\\.\\d+)?(ms|s|m|h|d))+)$';
/** The pattern of a size, for the JSON Schema: `512KiB`, `1MiB`, `100B`. */
export const SIZE_PATTERN = '^\\d+(\\.\\d+)?(B|KB|KiB|MB|MiB|GB|GiB)$';

/** The pattern of a rate: `80/s`, `600/m`, `1/6s`. */
export const RATE_PATTERN = '^\\d+(\\.\\d+)?/(\\d+(\\.\\d+)?)?(ms|s|m|h|d)$';

/** Reads `250ms`, `5s`, `1m30s`, `0` as milliseconds; undefined where it is not a duration. */
export function parseDuration(text: string): number | undefined {
  if (!new RegExp(DURATION_PATTERN).test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) total += Number(amount) * MS_PER[unit as keyof typeof MS_PER];
  return total;
}

/** Reads `512KiB`, `1MiB`, `100B` as bytes; undefined where it is not a size. */
export function parseSize(text: string): number | undefined {
  const parts = /^(\d+(?:\.\d+)?)(B|KB|KiB|MB|MiB|GB|GiB)$/.exec(text);
  if (parts === null) return undefined;
  return Math.floor(Number(parts[1]) * BYTES_PER[parts[2] as keyof typeof BYTES_PER]);
}

/** Writes milliseconds as the configuration does: `250ms`, `5s`, `1m30s`; `parseDuration` reads it back to the same number. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0';
  let text = '';
  let rest = ms;
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const amount = Math.floor(rest / MS_PER[unit]);
    if (amount > 0) text += `${amount}${unit}`;
    rest -= amount * MS_PER[unit];
  }
  return rest > 0 ? `${text}${fixed(rest)}ms` : text;
}

/** Writes bytes as the configuration does, in the largest unit that leaves no remainder: `512KiB`, `1MiB`, `100B`. */
export function formatSize(bytes: number): string {
  const unit = (['GiB', 'MiB', 'KiB'] as const).find((larger) => bytes >= BYTES_PER[larger] && bytes % BYTES_PER[larger] === 0) ?? 'B';
  return `${fixed(bytes / BYTES_PER[unit])}${unit}`;
}

/** Writes a rate (requests per millisecond) as the configuration does: `80/s`, `600/m`, `1/6s`. */
export function formatRate(perMs: number): string {
  for (const unit of ['s', 'm', 'h', 'd'] as const) {
    const amount = nearInteger(perMs * MS_PER[unit]);
    if (amount !== undefined) return `${amount}/${unit}`;
  }
  const seconds = 1 / (perMs * MS_PER.s);
  return `1/${fixed(nearInteger(seconds) ?? seconds)}s`;
}

/** The whole number from 1 that differs only by the rounding of a division; undefined where there is none. */
function nearInteger(amount: number): number | undefined {
  const whole = Math.round(amount);
  return whole >= 1 && Math.abs(amount - whole) < 1e-9 * whole ? whole : undefined;
}

/** A number without an exponent, which neither pattern knows. */
function fixed(amount: number): string {
  return String(amount).includes('e') ? amount.toFixed(0) : String(amount);
}

/** Reads `80/s`, `1/6s` as events per millisecond; undefined where it is not a rate above 0. */
export function parseRate(text: string): number | undefined {
  if (!new RegExp(RATE_PATTERN).test(text)) return undefined;
  const [amount = '', per = ''] = text.split('/');
  const perMs = parseDuration(/^\d/.test(per) ? per : `1${per}`) ?? 0;
  const rate = Number(amount) / perMs;
  return rate > 0 && rate < Infinity ? rate : undefined;
}
