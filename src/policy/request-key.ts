import { createHash } from 'node:crypto';
import type { Exchange } from '../model/exchange.ts';
import { headerValues } from '../model/headers.ts';

/** Headers that say who asks, and the one that says that two requests are one. */
const IDENTITY = ['authorization', 'apikey', 'x-goog-api-key', 'cookie', 'idempotency-key'] as const;

/**
 * A key that two requests share only if they are the same to the byte: credentials, method, authority, path with query, and body. A hash, so that no secret is kept.
 * Undefined for a body that streams.
 */
export function requestKey(exchange: Exchange): string | undefined {
  const { body } = exchange;
  if (body.kind === 'stream') return undefined;
  const hash = createHash('sha256');
  const identity = IDENTITY.map((name) => headerValues(exchange.headers, name));
  hash.update(JSON.stringify([exchange.method, exchange.scheme, exchange.authority, exchange.path, identity]));
  if (body.kind === 'bytes') hash.update(body.bytes);
  return hash.digest('base64url');
}
