import type { ServerResponse } from 'node:http';
import type { HeaderList } from '../model/headers.ts';

/**
 * Sends an interim response ahead of the answer (RFC 9110 section 15.2), with its fields as they came: none that Node would not write gets past its parser. Not for clients
 * that speak HTTP/1.0. Once the answer has begun it is too late, and nothing is sent.
 */
export function writeInterim(response: ServerResponse, status: number, headers: HeaderList): void {
  if (!response.headersSent) response.writeInformation(status, headers);
}
