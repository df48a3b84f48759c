import type { ServerResponse } from 'node:http';
import { fieldText, keptFieldText, PRINTABLE } from '../model/field-text.ts';
import { STATUS_CODES } from '../model/node-http.ts';
import type { FieldText, Reply } from '../model/outcome.ts';
import { KEEP_ALIVE_MS } from './http-server.ts';

/** What an ordinary head says beyond the reply. */
export interface PlainFraming {
  /** Length of the content where it is known. */
  readonly length: number | undefined;
  readonly id: string;
  /** What the cache did (RFC 9211), without our name; empty where no cache is on the route. */
  readonly cacheStatus: string;
}

/** Node's own place in a response: the head that goes out with the first piece of the body; null until there is one. */
interface Headed {
  _header: string | null;
}

/** The end of a head, as Node writes it. */
const KEPT_ALIVE = `Connection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_MS / 1000}\r\n\r\n`;

/**
 * Puts the head of an ordinary answer in its place as one text: HTTP/1.1 on a connection that is kept, with content of a known length, a date, and fields in ASCII. Node looks at each field
 * anew each time, which costs as much as all else about a stored answer; here those of a stored answer are looked at once for all times that it is sent. False where the answer is not ordinary, or the running Node keeps heads elsewhere: `writeHead` has to write it then, and the same goes out.
 */
export function putPlainHead(response: ServerResponse, reply: Reply, framing: PlainFraming): boolean {
  const headed = response as unknown as Headed;
  const { status } = reply;
  const phrase = STATUS_CODES[status];
  if (headed._header !== null || !response.shouldKeepAlive || phrase === undefined || status < 200 || status === 204 || status === 304) return false;
  const fields = fieldsOf(reply, framing.length);
  if (fields.text === undefined) return false;
  if (!PRINTABLE.test(framing.cacheStatus) || !PRINTABLE.test(framing.id)) return false;
  response.statusCode = status;
  headed._header = `HTTP/1.1 ${status} ${phrase}\r\n${fields.text}${ownFields(reply.age, framing, fields.hasId)}${KEPT_ALIVE}`;
  return true;
}

function ownFields(age: string | undefined, { id, cacheStatus }: PlainFraming, hasId: boolean): string {
  let text = age === undefined ? '' : `age: ${age}\r\n`;
  if (cacheStatus !== '') text += `cache-status: breakwater; ${cacheStatus}\r\n`;
  return hasId ? text : `${text}x-request-id: ${id}\r\n`;
}

function fieldsOf({ headers, memo }: Reply, length: number | undefined): FieldText {
  const kept = memo?.fieldText;
  if (kept?.of === headers) return kept;
  if (memo === undefined) return fieldText(headers, length);
  const made = keptFieldText(headers, length);
  memo.fieldText = made;
  return made;
}
