import type { ServerResponse } from 'node:http';
import { headerValue } from '../model/headers.ts';
import type { Reply } from '../model/outcome.ts';
import { type PlainFraming, putPlainHead } from './plain-head.ts';

/** The status that says no length (RFC 9110 section 8.6), whatever the upstream says, or was meant for another status. */
const NO_CONTENT = 204;

/** What the head of an answer depends on beyond the reply. */
export interface AnswerFraming extends PlainFraming {
  /** The connection ends with this answer. */
  readonly close: boolean;
  /** HTTP/1.1, and an answer that may have content. */
  readonly plain: boolean;
}

/** Writes the head of an answer: the reply's own fields, a length where it is known, what the cache did, our request id unless the upstream gave one. */
export function writeAnswerHead(response: ServerResponse, reply: Reply, framing: AnswerFraming): void {
  if (framing.plain && !framing.close && putPlainHead(response, reply, framing)) return;
  // what Node does not conclude from the field: nothing that the client has sent ahead is begun behind this answer (RFC 9112 section 9.6)
  if (framing.close) response.shouldKeepAlive = false;
  const fields = answerFields(reply, framing);
  try {
    response.writeHead(reply.status, fields);
  } catch (error) {
    if (!isBadField(error)) throw error;
    response.writeHead(reply.status, asBytes(fields));
  }
}

/** Whether the head of an answer says by itself how long its content is. */
export function tellsLength({ status, headers }: Reply): boolean {
  return status !== NO_CONTENT && headerValue(headers, 'content-length') !== undefined;
}

function answerFields({ status, headers, age }: Reply, { length, close, id, cacheStatus }: AnswerFraming): string[] {
  const fields: string[] = [];
  let hasId = false;
  let hasLength = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (name === 'content-length') {
      if (status === NO_CONTENT) continue;
      hasLength = true;
    } else if (name === 'x-request-id') hasId = true;
    fields.push(name, headers[i + 1] ?? '');
  }
  if (!hasLength && length !== undefined) fields.push('content-length', String(length));
  if (age !== undefined) fields.push('age', age);
  if (cacheStatus !== '') fields.push('cache-status', `breakwater; ${cacheStatus}`);
  if (!hasId) fields.push('x-request-id', id);
  if (close) fields.push('connection', 'close');
  return fields;
}

function isBadField(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ERR_INVALID_CHAR' || code === 'ERR_HTTP_INVALID_HEADER_VALUE' || code === 'ERR_INVALID_HTTP_TOKEN';
}

/** Field values as the bytes that stood on the wire: some origins send UTF-8, which Node reads as text and will not write. What still cannot be written is left out. */
function asBytes(fields: readonly string[]): string[] {
  const sound: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const value = Buffer.from(fields[i + 1] ?? '', 'utf8').toString('latin1');
    if (/^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)) sound.push(name, value);
  }
  return sound;
}
