import type { Random } from './random.ts';

/** How long a simulator takes to answer, in milliseconds. `max` cuts the tail of those that have one. */
export type Distribution =
  | { readonly kind: 'fixed'; readonly ms: number }
  | { readonly kind: 'uniform'; readonly min: number; readonly max: number }
  | { readonly kind: 'exponential'; readonly mean: number; readonly max?: number }
  | { readonly kind: 'lognormal'; readonly median: number; readonly sigma: number; readonly max?: number };

/** One latency from the distribution, in milliseconds, never negative. */
export function sample(distribution: Distribution, random: Random): number {
  switch (distribution.kind) {
    case 'fixed':
      return distribution.ms;
    case 'uniform':
      return distribution.min + random() * (distribution.max - distribution.min);
    case 'exponential':
      return Math.min(-Math.log(1 - random()) * distribution.mean, distribution.max ?? Infinity);
    case 'lognormal':
      return Math.min(distribution.median * Math.exp(distribution.sigma * gaussian(random)), distribution.max ?? Infinity);
  }
}

/** A standard normal number (Box-Muller). */
function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
