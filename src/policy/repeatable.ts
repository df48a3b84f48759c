import type { Exchange } from '../model/exchange.ts';
import { headerValue } from '../model/headers.ts';

/** Methods that may be sent twice to the same effect (RFC 9110 section 9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** Whether a request may be sent again although the first sending may have had its effect. `repeatable` is what the route says; absent: by method. */
export function isRepeatable(exchange: Exchange, repeatable: boolean | undefined): boolean {
  if (repeatable !== undefined) return repeatable;
  return IDEMPOTENT.has(exchange.method) || headerValue(exchange.headers, 'idempotency-key') !== undefined;
}
