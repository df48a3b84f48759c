import type { ServerResponse } from 'node:http';

/** Longer ones are not copied into a text. */
const TEXT_BYTES = 4096;

/**
 * Ends an answer with a body that is whole. A small one goes out as text in Latin-1, a letter a byte: Node then joins it with the head and writes one piece, which costs
 * less than to gather two.
 */
export function endWith(response: ServerResponse, bytes: Uint8Array): void {
  if (bytes.length <= TEXT_BYTES && Buffer.isBuffer(bytes)) response.end(bytes.toString('latin1'), 'latin1');
  else response.end(bytes);
}
