import { createHash } from 'node:crypto';
import type { Exchange } from '../model/exchange.ts';
import { namesUser } from '../model/credential-field.ts';

/**
 * A key that two requests share only if they are the same to the byte: credentials, method, authority, path with query, and body. A hash, so that no secret is kept.
 * Undefined for a body that streams.
 */
export function requestKey(exchange: Exchange): string | undefined {
  const { body } = exchange;
  if (body.kind === 'stream') return undefined;
  const hash = createHash('sha256');
  hash.update(JSON.stringify([exchange.method, exchange.scheme, exchange.authority, exchange.path, identityOf(exchange)]));
  if (body.kind === 'bytes') hash.update(body.bytes);
  return hash.digest('base64url');
}

/** The fields that say who asks, in order of their names, and the one that says that two requests are one. */
function identityOf({ headers }: Exchange): string[] {
  const found: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (name === 'idempotency-key' || namesUser(name)) found.push(`${name}: ${headers[i + 1] ?? ''}`);
  }
  return found.sort();
}
