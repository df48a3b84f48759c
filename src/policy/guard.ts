import type { Exchange } from '../model/exchange.ts';
import { headerValue, withHeader } from '../model/headers.ts';
import type { Reply } from '../model/outcome.ts';
import type { Layer } from '../model/service.ts';
import { type GuardOptions, type GuardParts, StreamGuard } from './stream-guard.ts';

/**
 * Watches over streams of server-sent events. An answer begins with its first event, so that what breaks before it can be sent again; a first event that tells an error counts as an answer of that
 * status; a stream that ends without its last event breaks for the client too. Bytes pass as they come once the first event is there. The request asks for no
 * content coding, since a coded stream cannot be looked into.
 */
export function guard(options: GuardOptions, parts: GuardParts): Layer {
  return (next) => async (exchange) => {
    if (!options.observe) withoutCoding(exchange);
    const outcome = await next(exchange);
    if (outcome.type === 'failure' || outcome.status >= 300 || !isEventStream(outcome)) return outcome;
    const stream = new StreamGuard(exchange, outcome, options, parts);
    return options.observe ? { ...outcome, body: stream } : stream.committed();
  };
}

function withoutCoding(exchange: Exchange): void {
  const accepted = headerValue(exchange.headers, 'accept-encoding');
  if (accepted !== undefined && accepted !== 'identity') exchange.headers = withHeader(exchange.headers, 'accept-encoding', 'identity');
}

function isEventStream({ headers }: Reply): boolean {
  const coding = headerValue(headers, 'content-encoding');
  return (coding === undefined || coding === 'identity') && /^text\/event-stream\b/i.test(headerValue(headers, 'content-type') ?? '');
}
