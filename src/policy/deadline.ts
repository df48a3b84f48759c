import { parseDuration } from '../config/units.ts';
import type { Clock } from '../model/clock.ts';
import type { Exchange } from '../model/exchange.ts';
import { headerValue, withoutHeaders } from '../model/headers.ts';
import type { Layer } from '../model/service.ts';
import { LONGEST_MS } from '../model/timer.ts';

/** Whoever waits for half as long as this has waited, whatever the configuration gives. */
const LONG_WAIT_MS = 20_000;

/** How long an exchange may take. */
export interface DeadlineOptions {
  /** Milliseconds; Infinity where only the client's own word holds. */
  readonly totalMs: number;
  /** Request header in which a client says how long it waits. Lower-case. */
  readonly header: string | undefined;
}

/**
 * Says when an exchange has to be over. Sets the time only: every wait and every attempt inside bounds itself by `exchange.deadlineAt`, so that no timer
 * of its own is needed. A client that says that it waits for less than that lowers it; where it is less than half, what then runs out says nothing of the upstream: an SDK that always says ten seconds would else hide one that hangs. It covers the waits between attempts, and with `streaming` ends with the head of the answer.
 */
export function deadline({ totalMs, header }: DeadlineOptions, clock: Clock): Layer {
  const boundMs = totalMs === Infinity ? Infinity : Math.min(LONGEST_MS, totalMs);
  const fairMs = Math.min(boundMs, LONG_WAIT_MS) / 2;
  return (next) => (exchange) => {
    const own = header === undefined ? Infinity : askedFor(exchange, header);
    const now = clock.now();
    const configuredAt = Math.min(exchange.deadlineAt, now + boundMs);
    exchange.hurried = own < fairMs && now + own < configuredAt;
    exchange.deadlineAt = Math.min(configuredAt, now + own);
    return next(exchange);
  };
}

/** Gives a fetch that no client waits for the time of its route, and keeps what the client said from the upstream, which would hurry too. */
export function unhurried(totalMs: number, header: string, clock: Clock): Layer {
  return (next) => (exchange) => {
    if (exchange.background) {
      exchange.deadlineAt = clock.now() + totalMs;
      exchange.hurried = false;
      exchange.headers = withoutHeaders(exchange.headers, (name) => name === header);
    }
    return next(exchange);
  };
}

/** What the client says that it waits: seconds as a number (google-genai's `X-Server-Timeout`), or a duration such as `1500ms`. */
function askedFor(exchange: Exchange, header: string): number {
  const text = headerValue(exchange.headers, header)?.trim();
  if (text === undefined) return Infinity;
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : parseDuration(text);
  return ms === undefined || ms <= 0 || ms > LONGEST_MS ? Infinity : ms;
}
