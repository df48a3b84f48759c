import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { parseJson } from './json.ts';

/** Decoders by content coding (RFC 9110 section 8.4.1): clients ask for compressed answers, errors included. */
const DECODERS: Readonly<Record<string, (bytes: Uint8Array, options: { maxOutputLength: number }) => Buffer>> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
};

/** The JSON document in a body; undefined where it is none, is larger than `maxBytes` once decoded, or is coded in a way that we do not read. */
export function decodedJson(bytes: Uint8Array, coding: string | undefined, maxBytes: number): unknown {
  const decoded = coding === undefined || coding === 'identity' ? bytes : decode(bytes, coding, maxBytes);
  return decoded === undefined ? undefined : parseJson(Buffer.from(decoded.buffer, decoded.byteOffset, decoded.byteLength));
}

function decode(bytes: Uint8Array, coding: string, maxOutputLength: number): Buffer | undefined {
  try {
    return Object.hasOwn(DECODERS, coding) ? DECODERS[coding]?.(bytes, { maxOutputLength }) : undefined;
  } catch {
    return undefined;
  }
}
