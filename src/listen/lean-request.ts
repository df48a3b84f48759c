import type { IncomingHttpHeaders } from 'node:http';
import { IncomingMessage } from '../model/node-http.ts';

/**
 * The fields that Node's server and this listener ask a request for by name. All others are read once, from `rawHeaders`. Not `TE`: Node would answer HTTP/1.0 in chunks for it, which are not part
 * of that.
 */
const ASKED_FOR: ReadonlySet<string> = new Set(['content-length', 'expect', 'transfer-encoding', 'upgrade']);
const LENGTHS: ReadonlySet<number> = new Set([...ASKED_FOR].map((name) => name.length));
const NONE: IncomingHttpHeaders = Object.freeze({});

/**
 * A request whose `headers` hold only what is asked for by name (`ASKED_FOR`). Node's own makes an object of all fields, for each request, since its server looks whether there is an `Expect`: most
 * have none of these, and no object then.
 */
export class LeanRequest extends IncomingMessage {
  #asked: IncomingHttpHeaders | undefined;

  // Node defines both on the prototype, where TypeScript sees a field
  // @ts-expect-error: an accessor in place of a field
  override get headers(): IncomingHttpHeaders {
    return (this.#asked ??= askedFor(this.rawHeaders));
  }

  override set headers(headers: IncomingHttpHeaders) {
    this.#asked = headers;
  }
}

/** Several of a name are joined as one list (RFC 9110 section 5.3). */
function askedFor(raw: readonly string[]): IncomingHttpHeaders {
  let found: Record<string, string> | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    const spelling = raw[i] ?? '';
    if (!LENGTHS.has(spelling.length)) continue;
    const name = spelling.toLowerCase();
    if (!ASKED_FOR.has(name)) continue;
    found ??= {};
    const before = found[name];
    const value = raw[i + 1] ?? '';
    found[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return found ?? NONE;
}
