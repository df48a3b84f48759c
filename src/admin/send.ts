import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AdminReply } from './route.ts';

/** Writes an answer; to HEAD its head alone. Where the request's body was not read to its end the connection is closed, so that the rest is not taken for a request. */
export function send(request: IncomingMessage, response: ServerResponse, reply: AdminReply): void {
  const body = Buffer.from(reply.body);
  response.writeHead(reply.status, {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...reply.headers,
    'content-type': reply.contentType,
    'content-length': body.length,
    ...(request.complete ? undefined : { connection: 'close' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
