import type { Exchange } from './exchange.ts';
import type { Outcome } from './outcome.ts';

/** An outcome, or the promise of one. What is known at once is given at once: a hit then costs no promise in any layer. */
export type Answered = Outcome | Promise<Outcome>;

/**
 * The one shape of every behaviour. Gives an outcome as soon as the head of an answer is known, and never throws or rejects for anything that an
 * upstream or a client does: either is a bug.
 */
export type Service = (exchange: Exchange) => Answered;

/** Goes on with an outcome once it is there, at once where it is. Costs less than an async function, which the layers that every request passes would notice. */
export function after(outcome: Answered, goOn: (outcome: Outcome) => Answered): Answered {
  return outcome instanceof Promise ? outcome.then(goOn) : goOn(outcome);
}

/** Puts a behaviour around a service. Composed once per route, when the configuration is loaded. */
export type Layer = (next: Service) => Service;

/** Composes layers, outermost first, around a service. */
export function compose(layers: readonly Layer[], service: Service): Service {
  return layers.reduceRight((next, layer) => layer(next), service);
}
