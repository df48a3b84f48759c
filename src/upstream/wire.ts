import type { Dispatcher } from 'undici';
import type { Exchange } from '../model/exchange.ts';
import { HOP_BY_HOP, withoutNominated } from '../model/headers.ts';
import { Unacceptable } from './failures.ts';
import { fieldName, type HeadFields } from './undici.ts';

/** Request line, `host`, `connection` and `content-length`, generously. */
const FRAME_BYTES = 512;
const NOTHING = Buffer.alloc(0);

/** An exchange as undici takes it. The body is handed over as it is: bytes to be sent again byte for byte, or a stream, once. */
export function requestOptions(exchange: Exchange): Dispatcher.DispatchOptions {
  const { body } = exchange;
  const { method } = exchange;
  const headers = exchange.headers as string[];
  if (body.kind === 'none') return { path: exchange.path, method, headers, body: null };
  if (body.kind === 'bytes') return { path: exchange.path, method, headers, body: body.bytes };
  const sized = body.length === undefined ? headers : [...headers, 'content-length', String(body.length)];
  return { path: exchange.path, method, headers: sized, body: body.stream };
}

/** Bytes of a request on the wire, at most; without end for a streamed one. */
export function requestBytes({ path, headers, body }: Exchange): number {
  if (body.kind === 'stream') return Infinity;
  let bytes = FRAME_BYTES + 3 * path.length + (body.kind === 'bytes' ? body.bytes.length : 0);
  for (const text of headers) bytes += text.length + 4;
  return bytes;
}

/** The transfer codings that make other bytes of the content (RFC 9112 section 7.2). A name that is none of them says nothing. */
const TRANSFORMING = /(?:^|,)[ \t]*(?:x-)?(?:gzip|compress|deflate)[ \t]*(?:[,;]|$)/i;

/**
 * The fields of an answer that pass on (RFC 9110 section 7.6.1), in their order. A 204, as an interim response, has no content whose length they could tell (section 8.6). Or why it cannot be
 * taken: it is in a transfer coding that we did not ask for and cannot undo, and whose name may not pass on (RFC 9112 section 7).
 */
export function answerFields(status: number, { raw }: HeadFields): string[] | Unacceptable {
  const list: string[] = [];
  const sized = status >= 200 && status !== 204;
  let connection: string | undefined;
  let coding = '';
  for (let i = 0; i < raw.length; i += 2) {
    const name = fieldName(raw[i] ?? NOTHING);
    const value = (raw[i + 1] ?? NOTHING).toString('latin1');
    if (!HOP_BY_HOP.has(name)) {
      if (sized || name !== 'content-length') list.push(name, value);
    } else if (name === 'connection') {
      connection = connection === undefined ? value : `${connection},${value}`;
    } else if (name === 'transfer-encoding') {
      coding = coding === '' ? value : `${coding},${value}`;
    }
  }
  if (status >= 200 && coding !== '' && coding !== 'chunked' && TRANSFORMING.test(coding))
    return new Unacceptable(`the answer is in the transfer coding ${coding.slice(0, 40)}, which was not asked for`);
  return withoutNominated(list, connection);
}
