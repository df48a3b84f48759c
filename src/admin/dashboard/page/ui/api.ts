/** How long an answer is waited for. */
const PATIENCE_MS = 5000;

/** Asks the admin listener. Rejects with a text that says what came instead of an answer. */
export async function ask<T>(path: string): Promise<T> {
  return (await (await answered(path, {})).json()) as T;
}

/** Has the admin listener change something. Its guard wants to see that it is no form of another page: the header says so. */
export async function change(path: string): Promise<void> {
  await answered(path, { method: 'POST', headers: { 'x-breakwater-admin': '1' } });
}

async function answered(path: string, init: RequestInit): Promise<Response> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const response = await fetch(path, { ...init, cache: 'no-store', signal: stop.signal });
    if (response.ok) return response;
    throw new Error(`it answered ${response.status}: ${await detailOf(response)}`);
  } catch (error) {
    if (stop.signal.aborted) throw new Error(`no answer within ${PATIENCE_MS / 1000} s`, { cause: error });
    // what browsers say of a broken connection tells nobody anything
    throw error instanceof TypeError ? new Error('no connection', { cause: error }) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** What a problem (RFC 9457) says of itself. */
async function detailOf(response: Response): Promise<string> {
  const problem: unknown = await response.json().catch(() => undefined);
  return typeof problem === 'object' && problem !== null && 'detail' in problem ? String(problem.detail) : response.statusText;
}
