import type { IncomingMessage } from 'node:http';
import { pathOf, queryOf } from '../model/target.ts';
import { changeGuard, hostGuard, tokenGuard } from './guard.ts';
import { problem } from './replies.ts';
import { type AdminReply, type AdminRoute, findRoute } from './route.ts';

/** What requests are answered with. */
export interface DispatchParts {
  readonly routes: readonly AdminRoute[];
  /** The configured host, and more names that the Host header may say. */
  readonly host: string;
  readonly hosts: readonly string[];
  /** What has to be shown for all but health and metrics. */
  readonly token?: string | undefined;
  readonly prepare?: (() => Promise<void>) | undefined;
  readonly internalError: (error: unknown) => void;
}

/** Bytes of a request's body that are read. */
const MAX_BODY = 64 * 1024;

/** Checks a request, finds its endpoint and gives its answer. Never rejects for what a client does; an exception of an endpoint is reported and answered with 500. */
export function dispatcher(parts: DispatchParts): (request: IncomingMessage) => Promise<AdminReply> {
  const checkHost = hostGuard(parts.host, parts.hosts);
  const checkToken = tokenGuard(parts.token);
  return async (request) => {
    const { url = '/' } = request;
    const pathname = pathOf(url);
    const refused = checkHost(request.headers) ?? checkToken(pathname, request.headers);
    if (refused !== undefined) return refused;
    const query = new URLSearchParams(queryOf(url));
    const { method = 'GET' } = request;
    const found = findRoute(parts.routes, method, pathname);
    if (found.type === 'none') return problem(404, `There is nothing at ${JSON.stringify(pathname)}; \`/api\` lists what there is.`);
    if (found.type === 'method') return problem(405, `${pathname} takes ${found.allow.join(', ')}.`, { allow: found.allow.join(', ') });
    const forged = found.route.method === 'GET' ? undefined : changeGuard(request);
    if (forged !== undefined) return forged;
    const read = await readJson(request);
    if (read.type === 'refused') return read.reply;
    try {
      if (!pathname.startsWith('/health/')) await parts.prepare?.();
      return await found.route.handle({ method, params: found.params, query, accept: request.headers.accept, body: read.value });
    } catch (error) {
      parts.internalError(error);
      return problem(500, 'The admin listener failed; the log says why.');
    }
  };
}

type Read = { readonly type: 'value'; readonly value: unknown } | { readonly type: 'refused'; readonly reply: AdminReply };

/** The JSON of a body of at most 64 KiB; undefined where there is none. */
async function readJson(request: IncomingMessage): Promise<Read> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY) return refused(413, 'The body is larger than 64 KiB.');
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BODY) return refused(413, 'The body is larger than 64 KiB.');
      chunks.push(chunk);
    }
  } catch {
    return refused(400, 'The body broke off.');
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (text.trim() === '') return { type: 'value', value: undefined };
  try {
    return { type: 'value', value: JSON.parse(text) };
  } catch {
    return refused(400, 'The body is not JSON.');
  }
}

function refused(status: number, detail: string): Read {
  return { type: 'refused', reply: problem(status, detail) };
}
