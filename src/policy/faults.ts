import type { FaultConfig } from '../config/schema.ts';
import { BytesBody, type BodySource } from '../model/body.ts';
import { TappedBody } from '../model/body-tap.ts';
import { type Clock, wait } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import type { Exchange } from '../model/exchange.ts';
import { CLIENT_LIMIT, clientClosed, type Failure, failure } from '../model/failure.ts';
import { headerValue, withoutHeaders } from '../model/headers.ts';
import { type Outcome, reply } from '../model/outcome.ts';
import type { Layer } from '../model/service.ts';

/** The request header that asks for a fault, where a fault waits for it. It never goes upstream. */
export const FAULT_HEADER = 'x-breakwater-fault';

/** The failures that a route rehearses, and the time limit that a delay may run into. */
export interface FaultOptions {
  readonly faults: readonly FaultConfig[];
  readonly headersMs: number;
}

/** What a faults layer needs from outside. */
export interface FaultParts {
  readonly clock: Clock;
  readonly observer: Observer;
}

/**
 * Makes attempts fail as an upstream would, so that an outage can be rehearsed: it stands where the upstream stands, and everything outside of it takes its failures for
 * real ones. Each fault is drawn by itself, in order; a delay goes before what follows it.
 */
export function faults(options: FaultOptions, parts: FaultParts): Layer {
  return (next) => async (exchange) => {
    const wish = headerValue(exchange.headers, FAULT_HEADER);
    const asked = wish === undefined ? exchange : withoutWish(exchange);
    const struck = options.faults.filter((fault) => strikes(fault, wish, parts.clock));
    if (struck.length === 0) return next(asked);
    let cutAfter: number | undefined;
    for (const fault of struck) {
      if (fault.mode === 'observe') {
        parts.observer.wouldHave(exchange, 'faults', wordOf(fault));
        continue;
      }
      parts.observer.acted(exchange, 'faults', wordOf(fault));
      const failed = await strike(fault, exchange, options, parts.clock);
      if (failed !== undefined) return failed;
      cutAfter = fault.cut ?? cutAfter;
    }
    const outcome = await next(asked);
    return cutAfter === undefined || outcome.type === 'failure' ? outcome : { ...outcome, body: new CutBody(outcome.body, cutAfter) };
  };
}

/** The request as the upstream gets it; the exchange keeps the header, since a retry is asked to fail too. */
function withoutWish(exchange: Exchange): Exchange {
  const branch = exchange.branch({ headers: withoutHeaders(exchange.headers, (name) => name === FAULT_HEADER) });
  branch.attemptsBefore = exchange.attemptsBefore;
  branch.attempt = exchange.attempt;
  return branch;
}

function strikes(fault: FaultConfig, wish: string | undefined, clock: Clock): boolean {
  if (fault.header === true && wish !== 'on' && (wish === undefined || wish !== fault.name)) return false;
  return fault.percent === undefined || clock.random() * 100 < fault.percent;
}

function wordOf(fault: FaultConfig): string {
  if (fault.abort !== undefined) return 'abort';
  if (fault.reset === true) return 'reset';
  return fault.cut === undefined ? 'delay' : 'cut';
}

/** Does what comes before or instead of the attempt. Undefined where the attempt goes on. */
async function strike(fault: FaultConfig, exchange: Exchange, { headersMs }: FaultOptions, clock: Clock): Promise<Outcome | undefined> {
  if (fault.delay !== undefined) {
    const delayMs = typeof fault.delay === 'number' ? fault.delay : fault.delay.min + clock.random() * Math.max(0, fault.delay.max - fault.delay.min);
    const limitMs = Math.min(headersMs, exchange.deadlineAt - clock.now());
    if (!(await wait(Math.max(0, Math.min(delayMs, limitMs)), exchange))) return clientClosed('headers');
    if (delayMs >= limitMs) {
      const limit = limitMs === headersMs ? 'headers' : exchange.hurried ? CLIENT_LIMIT : 'total';
      return { ...injected('http_response_timeout', 'timeout', 'an injected delay was longer than the time limit'), limit };
    }
  }
  if (fault.abort !== undefined) return abortion(fault.abort);
  return fault.reset === true ? injected('connection_terminated', 'reset', 'an injected reset') : undefined;
}

function injected(code: Failure['code'], kind: Failure['kind'], detail: string): Failure {
  return failure({ code, phase: 'headers', kind, replay: 'ambiguous', detail });
}

function abortion(status: number): Outcome {
  const bytes = Buffer.from(JSON.stringify({ error: { code: status, message: 'fault injected by breakwater' } }));
  const headers = ['content-type', 'application/json', 'content-length', String(bytes.length)];
  return reply(status, headers, 'upstream', new BytesBody(bytes));
}

/** A body that breaks off after so many bytes. */
class CutBody extends TappedBody {
  #left: number;
  #cut = false;

  constructor(source: BodySource, bytes: number) {
    super(source, () => undefined);
    this.#left = bytes;
  }

  override whole(): undefined {
    return undefined;
  }

  override abort(): void {
    this.#cut = true;
    super.abort();
  }

  override onData(chunk: Uint8Array): boolean {
    if (this.#cut) return true;
    if (chunk.length <= this.#left) {
      this.#left -= chunk.length;
      return super.onData(chunk);
    }
    this.#cut = true;
    if (this.#left > 0) super.onData(chunk.subarray(0, this.#left));
    // in a turn of its own: the source may still be in the middle of its `start`
    queueMicrotask(() => super.abort());
    super.onError(failure({ code: 'http_response_incomplete', phase: 'body', kind: 'reset', replay: 'cut', detail: 'an injected cut' }));
    return true;
  }

  override onEnd(): void {
    if (!this.#cut) super.onEnd();
  }

  override onError(failed: Failure): void {
    if (!this.#cut) super.onError(failed);
  }
}
