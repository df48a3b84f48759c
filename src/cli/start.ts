import { type Running, startRunning } from '../app/running.ts';
import type { Loaded } from '../config/load.ts';
import { type CliContext, CommandError } from './context.ts';

/** Starts the app; a port in use, an unusable CA directory and the like become one line that says what to do. */
export async function startOrExplain(loaded: Loaded, context: CliContext, logTo: 1 | 2): Promise<Running> {
  return orExplain(() => startRunning({ loaded, env: context.env, logTo }));
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
  const { code } = (error.cause ?? error) as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return `${error.message}; choose another port (listen.port, admin.port), or 0 for any free one`;
  if (code === 'EADDRNOTAVAIL') return `${error.message}; listen.host and admin.host must be addresses of this machine`;
  return error.message;
}
