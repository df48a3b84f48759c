import type { ServerResponse } from 'node:http';
import type { HeaderList } from '../model/headers.ts';
import { headText } from './head-text.ts';

/**
 * Sends an interim response ahead of the answer (RFC 9110 section 15.2), with its fields as they came: nothing that ends a line gets past the parser that they come from. Not for clients that
 * speak HTTP/1.0. Once the answer has begun it is too late, and while the answer before it is still being sent too early: nothing is sent then. Written to the socket, since
 * `writeInformation` is not in every Node 24.
 */
export function writeInterim(response: ServerResponse, status: number, headers: HeaderList): void {
  if (!response.headersSent) response.socket?.write(headText(status, headers), 'latin1');
}
