import { hash } from 'node:crypto';
import type { Exchange } from '../model/exchange.ts';

/** Request headers that carry identity. */
const HEADERS: ReadonlySet<string> = new Set(['authorization', 'apikey', 'x-goog-api-key', 'cookie']);
/** Query parameters that do. */
const QUERY = /[?&](?:key|access_token|token|apikey)=([^&]*)/g;

/** A short name for whoever a request is made as, from which the credential cannot be read; empty where it carries none. */
export function credentialOf(exchange: Exchange): string {
  const text = credentialText(exchange);
  return text === '' ? '' : digest(text);
}

/** Everything by which a request says who makes it, in clear: to be hashed at once. */
export function credentialText(exchange: Exchange): string {
  let text = '';
  for (let i = 0; i < exchange.headers.length; i += 2) {
    const name = exchange.headers[i] ?? '';
    if (HEADERS.has(name)) text += `${name}:${exchange.headers[i + 1] ?? ''}\n`;
  }
  for (const [, value = ''] of exchange.path.matchAll(QUERY)) text += `?${value}\n`;
  return text;
}

/** Half of a SHA-256: enough to tell apart what one process sees, of no use to find what it was made from. */
export function digest(text: string | Uint8Array): string {
  return hash('sha256', text, 'base64url').slice(0, 22);
}
