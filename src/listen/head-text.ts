import { STATUS_CODES } from '../model/node-http.ts';

/** The head of a response as it goes over the wire (RFC 9112 section 4), for what Node's own server does not write. To be written as Latin-1. `fields`: names and values in turn, as a parser took them. */
export function headText(status: number, fields: readonly string[]): string {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`;
  for (let i = 0; i < fields.length; i += 2) text += `${fields[i] ?? ''}: ${fields[i + 1] ?? ''}\r\n`;
  return `${text}\r\n`;
}

/** The request id is ours unless the upstream gave one. */
export function identified(rawHeaders: readonly string[], id: string): readonly string[] {
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]?.toLowerCase() === 'x-request-id') return rawHeaders;
  return [...rawHeaders, 'x-request-id', id];
}
