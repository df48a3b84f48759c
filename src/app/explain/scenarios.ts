import { BytesBody, type BodySink, type BodySource } from '../../model/body.ts';
import type { Exchange } from '../../model/exchange.ts';
import { type Failure, failure, type FailureParts } from '../../model/failure.ts';
import { headerValue, type HeaderList } from '../../model/headers.ts';
import { type Outcome, reply } from '../../model/outcome.ts';

/** One way in which an upstream can let a request down. */
export interface Scenario {
  readonly name: string;
  /** What each attempt comes to. */
  readonly outcome: (exchange: Exchange) => Outcome;
  /** The breaker is open before the request comes. */
  readonly breakerOpen?: true;
  /** Where it belongs: with guarded streams only. */
  readonly guardedOnly?: true;
}

function broken(name: string, parts: Omit<FailureParts, 'detail'>): Scenario {
  return { name, outcome: () => failure({ ...parts, detail: name }) };
}

function status(code: number, headers: HeaderList = [], note = ''): Scenario {
  const bytes = Buffer.from('{}');
  return {
    name: `status ${code}${note}`,
    outcome: () => reply(code, ['content-type', 'application/json', ...headers], 'upstream', new BytesBody(bytes)),
  };
}

const UNSENT = { replay: 'unsent' } as const;
const AMBIGUOUS = { replay: 'ambiguous', phase: 'headers' } as const;
const TEXT = 'abcdef';
const CUT = failure({ code: 'http_response_incomplete', phase: 'body', kind: 'reset', replay: 'cut', detail: 'the answer broke off' });

/** What can go wrong, in the order in which an attempt passes it. */
export const SCENARIOS: readonly Scenario[] = [
  { name: 'the breaker is open', outcome: () => CUT, breakerOpen: true },
  broken('no connection was free in time', { ...UNSENT, code: 'connection_limit_reached', phase: 'queue', kind: 'timeout' }),
  broken('its name was not found', { ...UNSENT, code: 'dns_error', phase: 'dns', kind: 'refused' }),
  broken('it refused the connection', { ...UNSENT, code: 'connection_refused', phase: 'connect', kind: 'refused' }),
  broken('the connection took too long', { ...UNSENT, code: 'connection_timeout', phase: 'connect', kind: 'timeout' }),
  broken('TLS failed', { ...UNSENT, code: 'tls_protocol_error', phase: 'tls', kind: 'protocol' }),
  broken('writing the request took too long', { ...AMBIGUOUS, code: 'connection_write_timeout', phase: 'send', kind: 'timeout' }),
  broken('the connection broke after the request', { ...AMBIGUOUS, code: 'connection_terminated', kind: 'reset' }),
  broken('no answer came in time', { ...AMBIGUOUS, code: 'http_response_timeout', kind: 'timeout' }),
  broken('the answer was not HTTP', { ...AMBIGUOUS, code: 'http_protocol_error', kind: 'protocol' }),
  status(400),
  status(404),
  status(429),
  status(500),
  status(502),
  status(503),
  status(503, ['retry-after', '0'], ' with Retry-After'),
  status(504),
  { name: 'the answer broke off (no ETag)', outcome: () => reply(200, ['content-length', String(TEXT.length)], 'upstream', new BrokenBody('abc')) },
  { name: 'the answer broke off (ETag and ranges)', outcome: resumable },
  { name: 'the stream broke off before its first event', outcome: () => stream(new BrokenBody('data: {')), guardedOnly: true },
  { name: 'the stream ended without its last event', outcome: () => stream(new LateEnd('data: {}\n\n')), guardedOnly: true },
];

function resumable(exchange: Exchange): Outcome {
  const fields = ['etag', '"v1"', 'accept-ranges', 'bytes'];
  const from = /^bytes=(\d+)-/.exec(headerValue(exchange.headers, 'range') ?? '')?.[1];
  if (from === undefined) return reply(200, [...fields, 'content-length', String(TEXT.length)], 'upstream', new BrokenBody('abc'));
  const range = `bytes ${from}-${TEXT.length - 1}/${TEXT.length}`;
  return reply(206, [...fields, 'content-range', range], 'upstream', new BytesBody(Buffer.from(TEXT.slice(Number(from)))));
}

function stream(body: BodySource): Outcome {
  return reply(200, ['content-type', 'text/event-stream'], 'upstream', body);
}

/** A body that breaks off. */
class BrokenBody implements BodySource {
  protected readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  whole(): undefined {
    return undefined;
  }

  start(sink: BodySink): void {
    sink.onData(Buffer.from(this.text));
    sink.onError(CUT);
  }

  pause(): void {}
  resume(): void {}
  abort(): void {}
}

/** A body whose end comes some time after its bytes, when these have reached the client. */
class LateEnd extends BrokenBody {
  override start(sink: BodySink): void {
    sink.onData(Buffer.from(this.text));
    setImmediate(() => setImmediate(() => sink.onEnd()));
  }
}

/** Reads a body to its end: undefined where it is whole, else what broke it. */
export function endOf(body: BodySource): Promise<Failure | undefined> {
  if (body.whole() !== undefined) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    body.start({ onData: () => true, onEnd: () => resolve(undefined), onError: resolve });
  });
}
