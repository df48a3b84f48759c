import { METHODS } from '../model/node-http.ts';
import { type Refusal, refusal } from './refusal.ts';

/** An error of Node's HTTP server about a client, as `clientError` gives it. */
interface ClientError extends Error {
  readonly code?: string;
  readonly reason?: string;
  readonly rawPacket?: Buffer;
}

/** First byte of a TLS record that begins a handshake. */
const TLS_HANDSHAKE = 0x16;

/** A request line that is sound but for its method, which may be an extension that the parser does not know (RFC 9110 section 15.6.2). */
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) \S+ HTTP\/1\.[01]\r\n/;

/** What a parser or socket error means for the client. Undefined where the connection itself broke: nobody is left to tell. */
export function refusalOf(error: ClientError, limits: { readonly headerBytes: number; readonly requestTimeoutMs: number }): Refusal | undefined {
  const code = error.code ?? '';
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return refusal(431, 'headers_too_large', `the request line and fields are larger than ${limits.headerBytes} bytes (limits.header)`);
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return refusal(413, 'malformed', 'the chunk extensions of the request are too large');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return refusal(408, 'request_timeout', `the head of the request was not complete after ${limits.requestTimeoutMs} ms (limits.requestTimeout)`, {
        error: 'request_timeout',
      });
    case 'HPE_INVALID_EOF_STATE':
      return refusal(400, 'body_incomplete', 'the connection was closed before the request was complete');
  }
  if (!code.startsWith('HPE_')) return undefined;
  if (code === 'HPE_INVALID_METHOD' && isUnknownMethod(error.rawPacket))
    return refusal(501, 'malformed', 'the method of the request is not known here: methods are in capital letters, and those of the IANA registry');
  if (error.rawPacket?.[0] === TLS_HANDSHAKE)
    return refusal(400, 'malformed', 'this port speaks plain HTTP, not TLS: use http:// for the proxy itself');
  return refusal(400, 'malformed', `the request is not HTTP/1.1: ${(error.reason ?? code).slice(0, 100)}`);
}

/** Whether a packet begins with a request whose method the parser does not know. Where it begins with another, the fault is further on. */
function isUnknownMethod(packet: Buffer | undefined): boolean {
  const method = REQUEST_LINE.exec(packet?.toString('latin1') ?? '')?.[1];
  return method !== undefined && !METHODS.includes(method);
}
