import { localUrl } from '../app/paths.ts';
import { request as httpRequest } from '../model/node-http.ts';
import { type CliContext, CommandError } from './context.ts';
import { loadOrExplain } from './load.ts';

/** Where the admin listener of a running sidecar is: what `--admin` says, else what the configuration says. */
export function adminUrl(options: { readonly admin?: string; readonly config?: string }, context: CliContext): string {
  return options.admin ?? localUrl(loadOrExplain(options.config, context).config.admin);
}

/** Asks the admin API and gives its JSON. Ends the command with 1 where nobody answers or the answer is an error. */
export async function askAdmin(base: string, method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
  const { status, text } = await exchange(new URL(path, base), method, body).catch((error: Error) => {
    throw new CommandError(`${base} did not answer (${error.message}); is the sidecar running? --admin names another address`, 1);
  });
  const answer: unknown = text === '' ? undefined : JSON.parse(text);
  if (status < 400) return answer;
  throw new CommandError(detailOf(answer) ?? `${base}${path} answered ${status}`, 1);
}

function exchange(url: URL, method: string, body: unknown): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
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
