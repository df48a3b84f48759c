import type { Exchange } from './exchange.ts';
import type { Outcome } from './outcome.ts';

/**
 * The one shape of every behaviour. Promises an outcome as soon as the head of an answer is known, and never rejects for anything that an
 * upstream or a client does: a rejection is a bug.
 */
export type Service = (exchange: Exchange) => Promise<Outcome>;

/** Puts a behaviour around a service. Composed once per route, when the configuration is loaded. */
export type Layer = (next: Service) => Service;

/** Composes layers, outermost first, around a service. */
export function compose(layers: readonly Layer[], service: Service): Service {
  return layers.reduceRight((next, layer) => layer(next), service);
}
