import type { IncomingMessage } from 'node:http';
import type { Matchable } from './match.ts';

/** The head of a request, and a way to its body: undefined where the client left before its end. Repeated headers are joined by a comma. */
export function readRequest(req: IncomingMessage): { head: Matchable; body: () => Promise<Buffer | undefined> } {
  const target = new URL(req.url ?? '/', 'https://simulated');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(req.headers)) headers[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
  const head = {
    method: req.method ?? 'GET',
    host: (headers['host'] ?? '').replace(/:\d+$/, ''),
    path: target.pathname,
    query: target.searchParams,
    headers,
    body: Buffer.alloc(0),
  };
  return { head, body: () => readBody(req) };
}

async function readBody(req: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of req) chunks.push(chunk as Buffer);
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}
