import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AdminReply } from './route.ts';

/** Writes an answer; to HEAD its head alone, and 304 to whoever has it already by its ETag. Where the request's body was not read to its end the connection is closed, so that the rest is not taken for a request. */
export function send(request: IncomingMessage, response: ServerResponse, reply: AdminReply): void {
  const headers = {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...reply.headers,
    ...(request.complete ? undefined : { connection: 'close' }),
  };
  if (reply.status === 200 && holds(request.headers['if-none-match'], reply.headers?.['etag'])) {
    response.writeHead(304, headers).end();
    return;
  }
  const body = Buffer.from(reply.body);
  response.writeHead(reply.status, { ...headers, 'content-type': reply.contentType, 'content-length': body.length });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** Whether `If-None-Match` names this ETag; weakly compared (RFC 9110 section 13.1.2). */
function holds(known: string | undefined, etag: string | undefined): boolean {
  if (known === undefined || etag === undefined) return false;
  return known.trim() === '*' || known.split(',').some((one) => one.trim().replace(/^W\//, '') === etag);
}
