import type { Readable } from 'node:stream';
import { parseJson } from './json.ts';

/** A request without content. */
export interface NoBody {
  readonly kind: 'none';
}

/** Content that was read whole, up to the upstream's `bufferLimit`: it can be sent again, byte for byte. */
export interface BufferedBody {
  readonly kind: 'bytes';
  readonly bytes: Buffer;
  /** The JSON document in it, once somebody has asked: see `documentOf`. */
  parsed?: { readonly document: unknown } | undefined;
}

/**
 * Content too large to keep: it streams, once. `started` turns true with the first byte that an attempt takes; from then on the
 * request cannot be sent again. Destroying the stream does not close the client's connection.
 */
export interface StreamedBody {
  readonly kind: 'stream';
  readonly stream: Readable;
  /** The length in bytes where the client said it; undefined for chunked content. */
  readonly length: number | undefined;
  started: boolean;
}

/** The content of a request. */
export type RequestBody = NoBody | BufferedBody | StreamedBody;

/** The one request body without content. */
export const NO_BODY: NoBody = { kind: 'none' };

/** The JSON document in the content of a request, parsed once; undefined where it is none, or streams. */
export function documentOf(body: RequestBody): unknown {
  if (body.kind !== 'bytes') return undefined;
  return (body.parsed ??= { document: parseJson(body.bytes) }).document;
}
