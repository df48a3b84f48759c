import type { ServerResponse } from 'node:http';

/** Longer ones are not copied into a text: at 4 KiB the copy costs what the one piece saves. */
const TEXT_BYTES = 2048;

/**
 * Ends an answer with a body that is whole: bytes, or text in Latin-1. A small one goes out as text in Latin-1, a letter a byte: Node then joins it with the head and writes one piece, which costs
 * less than to gather two.
 */
export function endWith(response: ServerResponse, bytes: Uint8Array | string): void {
  if (typeof bytes === 'string') response.end(bytes, 'latin1');
  else if (bytes.length > TEXT_BYTES) response.end(bytes);
  else response.end(latin1(bytes), 'latin1');
}

function latin1(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return buffer.toString('latin1');
}
