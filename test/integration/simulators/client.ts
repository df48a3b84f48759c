import type { IncomingHttpHeaders } from 'node:http';
import { type Agent, request } from 'node:https';
import type { Simulators } from '../../simulators/start.ts';

/** What a call saw: an answer, whole or broken off, or an error. */
export interface Seen {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // Tests read answers freely; what is not there fails the assertion.
  // oxlint-disable-next-line no-explicit-any
  readonly json: () => any;
  /** The error that ended it, before or in the answer: `ECONNRESET`, `HPE_...`, `timeout`. */
  readonly error: string | undefined;
}

/** What to send; a body that is not text is sent as JSON. */
export interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly agent?: Agent;
  /** Gives up after this long without a byte. */
  readonly timeoutMs?: number;
}

/** Calls a simulator under its real name, over a new connection unless an agent is given. */
export function caller(simulators: Simulators) {
  return (url: string, { method = 'GET', headers = {}, body, agent, timeoutMs = 3000 }: Ask = {}): Promise<Seen> => {
    const { hostname, pathname, search } = new URL(url);
    const [host, port] = (simulators.addresses.get(hostname) ?? '').split(':');
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const length = text === undefined ? {} : { 'content-length': String(Buffer.byteLength(text)) };
    const fields = {
      host: hostname,
      ...length,
      ...(body !== undefined && typeof body !== 'string' && { 'content-type': 'application/json' }),
      ...headers,
    };
    return new Promise((resolve) => {
      let seen = { status: 0, headers: {} as IncomingHttpHeaders, text: '' };
      const finish = (error?: string): void => {
        const result = seen;
        resolve({ ...result, error, json: () => JSON.parse(result.text) });
      };
      const options = {
        host,
        port,
        servername: hostname,
        ca: simulators.ca,
        method,
        path: pathname + search,
        headers: fields,
        agent: agent ?? false,
        timeout: timeoutMs,
      };
      const call = request(options, (answer) => {
        seen = { status: answer.statusCode ?? 0, headers: answer.headers, text: '' };
        answer.on('data', (bytes: Buffer) => (seen.text += bytes.toString()));
        answer.on('end', () => finish());
        answer.on('error', (error: NodeJS.ErrnoException) => finish(error.code));
      });
      call.on('timeout', () => {
        finish('timeout');
        call.destroy();
      });
      call.on('error', (error: NodeJS.ErrnoException) => finish(error.code));
      call.end(text);
    });
  };
}
