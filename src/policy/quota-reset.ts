import type { ClassifyRule } from '../config/schema.ts';

/** When a quota that a rule found used up can be used again. */
export type QuotaRule = NonNullable<ClassifyRule['quota']>;

/** Where neither rule nor answer says how long, in milliseconds. */
const UNTOLD_MS = 60_000;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** Milliseconds until a quota resets. `retryAfterMs`: what the answer itself asked for. */
export function quotaResetMs(rule: QuotaRule, retryAfterMs: number | undefined, wallNowMs: number): number {
  switch (rule.until) {
    case 'midnight-pacific':
      return untilMidnight(wallNowMs, 'America/Los_Angeles');
    case 'midnight-utc':
      return DAY_MS - (wallNowMs % DAY_MS);
    case 'retry-after':
      return retryAfterMs ?? rule.for ?? UNTOLD_MS;
    case 'duration':
      return rule.for ?? UNTOLD_MS;
  }
}

/** Milliseconds until the next midnight of a zone. On the two days a year that are an hour shorter or longer, the clock of that midnight is looked at again. */
function untilMidnight(wallNowMs: number, timeZone: string): number {
  const naive = DAY_MS - msOfDay(wallNowMs, timeZone);
  const there = msOfDay(wallNowMs + naive, timeZone);
  if (there === 0) return naive;
  return there < 12 * HOUR_MS ? naive - there : naive + (DAY_MS - there);
}

function msOfDay(wallMs: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', hour: 'numeric', minute: 'numeric', second: 'numeric' });
  const parts = Object.fromEntries(format.formatToParts(wallMs).map(({ type, value }) => [type, Number(value)]));
  return ((parts['hour'] ?? 0) * 3600 + (parts['minute'] ?? 0) * 60 + (parts['second'] ?? 0)) * 1000 + (wallMs % 1000);
}
