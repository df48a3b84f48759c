import { type IncomingMessage, request } from 'node:http';
import type { Dial } from './dial.ts';

/** One call of the backend. */
export interface Call {
  readonly service: 'supabase' | 'gemini' | 'whatsapp';
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** What came of it: the body of a 2xx answer, or why not. */
export interface CallResult {
  readonly ok: boolean;
  readonly status: number;
  readonly body: Buffer;
  readonly error: string | undefined;
  readonly ms: number;
}

/** httpx's time-outs as the backend sets them: longest silence in each phase. */
const TIMEOUT_MS = { whatsapp: 20_000, gemini: 45_000, supabase: 10_000 };

/** Makes one call over a new connection, as `async with httpx.AsyncClient() as client` does. Never repeats anything. */
export async function makeCall(call: Call, dial: Dial): Promise<CallResult> {
  const start = performance.now();
  try {
    const { status, body } = await exchange(call, dial);
    const ok = status >= 200 && status < 300;
    return { ok, status, body, error: ok ? undefined : `${call.service} answered ${status}`, ms: performance.now() - start };
  } catch (error) {
    const reason = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
    return { ok: false, status: 0, body: Buffer.alloc(0), error: `${call.service}: ${reason}`, ms: performance.now() - start };
  }
}

async function exchange(call: Call, dial: Dial): Promise<{ status: number; body: Buffer }> {
  const url = new URL(call.url);
  const timeoutMs = TIMEOUT_MS[call.service];
  const socket = await dial(url.hostname, timeoutMs);
  try {
    return await new Promise((resolve, reject) => {
      const length = call.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(call.body)) };
      const headers = { host: url.hostname, accept: '*/*', 'user-agent': 'python-httpx/0.28.1', ...length, ...call.headers };
      const options = { method: call.method, path: url.pathname + url.search, headers, createConnection: () => socket };
      const sent = request(options, (answer) => void readAll(answer).then((body) => resolve({ status: answer.statusCode ?? 0, body }), reject));
      socket.setTimeout(timeoutMs, () => socket.destroy(new Error('read timeout')));
      sent.on('error', reject);
      sent.end(call.body);
    });
  } finally {
    socket.destroy();
  }
}

async function readAll(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
