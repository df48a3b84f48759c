import { localUrl } from '../app/paths.ts';
import { request as httpRequest } from '../model/node-http.ts';
import { type CliContext, CommandError } from './context.ts';
import { loadOrExplain } from './load.ts';

/** The admin listener of a running sidecar. */
export interface AdminAddress {
  readonly url: string;
  /** What it asks for. */
  readonly token: string | undefined;
}

/** Where it is: what `--admin` says, else what the configuration says. Its token is that of BREAKWATER_ADMIN_TOKEN, else of the configuration where that was read. Ends the command with 2 where the address is none. */
export function adminOf(options: { readonly admin?: string; readonly config?: string }, context: CliContext): AdminAddress {
  const told = context.env['BREAKWATER_ADMIN_TOKEN'];
  if (options.admin !== undefined) return { url: urlOf('--admin', options.admin), token: told };
  const { admin } = loadOrExplain(options.config, context).config;
  if (admin.port === 0)
    throw new CommandError('admin.port is 0, so that only the running sidecar knows its port: --admin names the address, which its log says', 2);
  return { url: localUrl(admin), token: told ?? admin.token };
}

/** An address as people write it, http:// where it says nothing. Ends the command with 2 where it is none. */
export function urlOf(option: string, text: string): string {
  const url = text.includes('://') ? text : `http://${text}`;
  if (/^https?:/.test(url) && URL.canParse(url)) return url;
  throw new CommandError(`${option} ${text} is no address: write http://127.0.0.1:9090`, 2);
}

/** Asks the admin API and gives its JSON. Ends the command with 1 where nobody answers or the answer is an error. */
export async function askAdmin({ url: base, token }: AdminAddress, method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
  const { status, text } = await exchange(new URL(path, base), method, token, body).catch((error: Error) => {
    throw new CommandError(`${base} did not answer (${error.message}); is the sidecar running? --admin names another address`, 1);
  });
  if (status === 401) throw new CommandError(`${base} asks for its token: set BREAKWATER_ADMIN_TOKEN to what admin.token is there`, 1);
  const answer = parsed(text);
  if (answer === NOT_JSON)
    throw new CommandError(`${base}${path} answered ${status}, and not as the admin listener of a sidecar does: is it one?`, 1);
  if (status < 400) return answer;
  throw new CommandError(detailOf(answer) ?? `${base}${path} answered ${status}`, 1);
}

const NOT_JSON = Symbol('not JSON');

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return NOT_JSON;
  }
}

function exchange(url: URL, method: string, token: string | undefined, body: unknown): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...(body === undefined ? undefined : { 'content-type': 'application/json' }),
      ...(token === undefined ? undefined : { authorization: `Bearer ${token}` }),
    };
    const request = httpRequest(url, { method, headers, agent: false, timeout: 30_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('no answer within 30 s')));
    request.on('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function detailOf(answer: unknown): string | undefined {
  return typeof answer === 'object' && answer !== null && 'detail' in answer ? String(answer.detail) : undefined;
}
