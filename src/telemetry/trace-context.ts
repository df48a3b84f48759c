import type { HeaderList } from '../model/headers.ts';

/** The trace that a request belongs to (W3C Trace Context), and the span of the client that sent it. */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
}

/** Version, trace, parent and flags; a later version may add fields behind them. Its hexadecimal digits are lower-case. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;

/** Reads `traceparent`; undefined where it is absent, invalid or there twice: whoever understands it would begin a trace anew then. */
export function traceContextOf(headers: HeaderList): TraceContext | undefined {
  let value: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'traceparent') continue;
    if (value !== undefined) return undefined;
    value = headers[i + 1];
  }
  const found = value === undefined ? null : TRACEPARENT.exec(value);
  if (found === null) return undefined;
  const [, version, traceId = '', spanId = '', more] = found;
  return version === '00' && more !== undefined ? undefined : { traceId, spanId };
}
