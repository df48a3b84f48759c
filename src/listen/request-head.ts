import { HOP_BY_HOP, withoutNominated } from '../model/headers.ts';
import { type Refusal, refusal } from './refusal.ts';

/** What the listener needs of a request's fields. */
export interface RequestHead {
  readonly type: 'head';
  /** End-to-end fields, names lower-case, in the client's order. */
  readonly headers: string[];
  readonly host: string | undefined;
  /** Announced length of the content; undefined where none is announced. */
  readonly length: number | undefined;
  readonly chunked: boolean;
  /** The client's own `X-Request-Id`, where it is fit to be repeated. */
  readonly id: string | undefined;
}

/** Distinct spellings of field names that are remembered. */
const MAX_NAMES = 1024;
/** Longer names are not remembered: nobody sends them but to fill the memory. */
const MAX_NAME_LENGTH = 64;
/** Fields that the listener has dealt with or that concern one connection alone. Names that start with `proxy-` go too. */
const DROPPED: ReadonlySet<string> = new Set([...HOP_BY_HOP, 'host', 'content-length', 'expect', 'http2-settings']);
const REQUEST_ID = /^[\w.:/+=@-]{1,128}$/;
/** RFC 9110 section 7.2: host and port, nothing that could be taken for a list, a path or user information. */
const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._~!$&'()*+;=%-]*)(?::\d{0,5})?$/i;

/** Reads request fields. Remembers how each spelling of a name is written in small letters, so that most requests build no string. */
export class HeadReader {
  readonly #names = new Map<string, string>();

  /** Takes a request's fields apart, or says what is wrong with them (RFC 9112 sections 3.2, 6.1 and 6.3). */
  read(raw: readonly string[], version: string): RequestHead | Refusal {
    const isHttp11 = version === '1.1';
    if (!isHttp11 && version !== '1.0') return unsupportedVersion(version);
    const headers: string[] = [];
    let host: string | undefined;
    let connection: string | undefined;
    let length: number | undefined;
    let chunked = false;
    let id: string | undefined;
    for (let i = 0; i < raw.length; i += 2) {
      const name = this.#lower(raw[i] ?? '');
      const value = raw[i + 1] ?? '';
      if (!isDropped(name)) {
        if (name === 'x-request-id' && REQUEST_ID.test(value)) id = value;
        headers.push(name, value);
      } else if (name === 'host') {
        if (host !== undefined) return malformed('the request has more than one Host field');
        host = value;
      } else if (name === 'content-length') {
        if (length !== undefined) return malformed('the request has more than one Content-Length field');
        length = Number(value);
      } else if (name === 'transfer-encoding') {
        if (chunked || value.trim().toLowerCase() !== 'chunked') return unsupportedCoding(value);
        chunked = true;
      } else if (name === 'connection') {
        connection = connection === undefined ? value : `${connection},${value}`;
      }
    }
    if (chunked && length !== undefined) return malformed('the request has both Content-Length and Transfer-Encoding');
    if (chunked && !isHttp11) return malformed('Transfer-Encoding is not part of HTTP/1.0');
    if (length !== undefined && !Number.isSafeInteger(length)) return malformed('the Content-Length is not a number');
    if (host === undefined ? isHttp11 : !HOST.test(host))
      return malformed(host === undefined ? 'the request has no Host field' : 'the Host field is not a host');
    return { type: 'head', headers: withoutNominated(headers, connection), host, length, chunked, id };
  }

  #lower(name: string): string {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const lower = name.toLowerCase();
    if (this.#names.size < MAX_NAMES && name.length <= MAX_NAME_LENGTH) this.#names.set(name, lower);
    return lower;
  }
}

function isDropped(name: string): boolean {
  return DROPPED.has(name) || name.startsWith('proxy-');
}

function malformed(detail: string): Refusal {
  return refusal(400, 'malformed', detail);
}

/** RFC 9110 section 15.6.6; what has no version at all is no request. */
function unsupportedVersion(version: string): Refusal {
  return refusal(version.startsWith('0') ? 400 : 505, 'malformed', 'the HTTP version is neither 1.1 nor 1.0');
}

function unsupportedCoding(value: string): Refusal {
  return refusal(501, 'malformed', `the transfer coding ${JSON.stringify(value.slice(0, 40))} is not supported: only chunked is`);
}
