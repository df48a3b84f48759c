import { App } from '../app/app.ts';
import type { Loaded } from '../config/load.ts';
import { type CliContext, CommandError } from './context.ts';

/** Starts the app; a port in use, an unusable CA directory and the like become one line that says what to do. */
export async function startOrExplain(loaded: Loaded, context: CliContext, logTo: 1 | 2): Promise<App> {
  return orExplain(() => App.start({ loaded, env: context.env, logTo }));
}

/** What `work` settles with; what the machine refuses becomes a line for people and exit code 1. */
export async function orExplain<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new CommandError(explain(error), 1);
  }
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  if (code === 'EADDRINUSE')
    return `${address ?? ''}:${port ?? ''} is in use by another program; choose another port (listen.port, admin.port), or 0 for any free one`;
  if (code === 'EACCES' && port !== undefined) return `may not listen on ${address ?? ''}:${port}; choose a port above 1023`;
  if (code === 'EADDRNOTAVAIL') return `${address ?? ''} is no address of this machine; see listen.host and admin.host`;
  return error.message;
}
