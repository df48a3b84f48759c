import { type Clock, wait } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import type { Exchange } from '../model/exchange.ts';
import { clientClosed, type Failure, failure } from '../model/failure.ts';
import type { Layer } from '../model/service.ts';
import type { PaceBucket } from './pace-bucket.ts';
import type { Pacer } from './pacer.ts';

/** What the pacing layers need from outside. */
export interface PacingParts {
  readonly clock: Clock;
  readonly observer: Observer;
}

/**
 * Lets requests out no faster than their paces allow, each value of a key by itself: whoever comes too early waits for its turn, or is refused with the time to wait where that would be
 * longer than allowed or than the deadline leaves. Waiting takes no place of the bulkhead.
 */
export function pacing(pacers: readonly Pacer[], parts: PacingParts): Layer {
  return (next) => async (exchange) => {
    const turn = takeTurn(pacers, exchange, parts);
    if (turn.refused !== undefined) return turn.refused;
    if (turn.waitMs >= 1) {
      const failed = await awaitTurn(turn, exchange, parts);
      if (failed !== undefined) return failed;
    }
    return next(exchange);
  };
}

/** Waits for a turn, and longer where a value was held back meanwhile. Undefined once it may go. */
async function awaitTurn(turn: Turn, exchange: Exchange, { clock, observer }: PacingParts): Promise<Failure | undefined> {
  observer.acted(exchange, 'pacing', 'waited');
  const giveBack = (): void => {
    for (const { bucket } of turn.taken) bucket.giveBack(clock.now());
  };
  let waitMs = turn.waitMs;
  while (waitMs >= 1) {
    const from = clock.now();
    const stayed = await wait(waitMs, exchange);
    exchange.waitedMs += clock.now() - from;
    if (!stayed) {
      giveBack();
      return clientClosed('queue', 'the client left while waiting for its turn');
    }
    const { restMs, pacer } = longestRest(turn, clock.now());
    waitMs = restMs;
    if (pacer === undefined || (restMs <= pacer.options.maxWaitMs && clock.now() + restMs < exchange.deadlineAt)) continue;
    giveBack();
    return tooFast(pacer, restMs);
  }
  return undefined;
}

function longestRest({ taken }: Turn, now: number): { readonly restMs: number; readonly pacer: Pacer | undefined } {
  let longest: { restMs: number; pacer: Pacer | undefined } = { restMs: 0, pacer: undefined };
  for (const { bucket, pacer } of taken) {
    const restMs = pacer.options.observe ? 0 : bucket.restMs(now);
    if (restMs > longest.restMs) longest = { restMs, pacer };
  }
  return longest;
}

interface Turn {
  readonly waitMs: number;
  readonly taken: readonly { readonly bucket: PaceBucket; readonly pacer: Pacer }[];
  readonly refused: Failure | undefined;
}

/** All paces have to agree before a token of any is taken. */
function takeTurn(pacers: readonly Pacer[], exchange: Exchange, { clock, observer }: PacingParts): Turn {
  const now = clock.now();
  const taken: { bucket: PaceBucket; pacer: Pacer }[] = [];
  let longest = 0;
  for (const pacer of pacers) {
    const bucket = pacer.bucketOf(exchange, now);
    if (bucket === undefined) continue;
    const waitMs = bucket.waitMs(now);
    if (pacer.options.observe) {
      if (waitMs >= 1) observer.wouldHave(exchange, 'pacing', waitMs > pacer.options.maxWaitMs ? 'refused' : 'waited');
    } else {
      if (waitMs > pacer.options.maxWaitMs || now + waitMs >= exchange.deadlineAt) {
        observer.acted(exchange, 'pacing', 'refused');
        return { waitMs, taken: [], refused: tooFast(pacer, waitMs) };
      }
      longest = Math.max(longest, waitMs);
    }
    taken.push({ bucket, pacer });
  }
  for (const { bucket } of taken) bucket.take(now);
  return { waitMs: longest, taken, refused: undefined };
}

function tooFast(pacer: Pacer, waitMs: number): Failure {
  const detail = `the pace ${pacer.options.name} has no place for ${Math.ceil(waitMs)} ms`;
  return failure({ code: 'request_paced', phase: 'queue', kind: 'refused', replay: 'unsent', detail, own: true, retryAfterMs: waitMs });
}

/**
 * Tells the paces what came of each attempt. Where the upstream says that a value's limit was reached, that value alone rests, and a retry waits as long. Stands inside the
 * retries: another attempt takes another token.
 */
export function paceReports(pacers: readonly Pacer[], { clock }: PacingParts): Layer {
  const holding = pacers.filter(({ options }) => options.holdOn.size > 0);
  return (next) => async (exchange) => {
    if (exchange.attempt > 1) for (const pacer of pacers) pacer.bucketOf(exchange, clock.now())?.take(clock.now());
    const outcome = await next(exchange);
    if (outcome.type === 'reply') {
      for (const pacer of holding) pacer.bucketOf(exchange, clock.now())?.good();
      return outcome;
    }
    let restMs = 0;
    for (const pacer of holding) {
      if (!pacer.holds(outcome)) continue;
      const rest = pacer.bucketOf(exchange, clock.now())?.hold(pacer.options.holdTimes, clock.now()) ?? 0;
      if (!pacer.options.observe) restMs = Math.max(restMs, rest);
    }
    return restMs > (outcome.retryAfterMs ?? 0) ? { ...outcome, retryAfterMs: restMs } : outcome;
  };
}
