import type { CertificateAuthority } from '../tls/authority.ts';
import { App, type AppOptions } from './app.ts';
import { workersOf } from './workers/count.ts';

/** A running Breakwater, in one process or several. */
export interface Running {
  /** Where clients reach the proxy. */
  readonly proxyUrl: string;
  /** Where people and Prometheus reach the admin pages. */
  readonly adminUrl: string;
  /** The file with all roots that a client needs. */
  readonly bundle: string;
  authority(): Promise<CertificateAuthority>;
  /** Loads the configuration file anew. */
  reload(why: string): Promise<void>;
  /** Finishes what runs, for `drainMs` at most, and closes everything. Whether nothing had to be cut. */
  stop(drainMs?: number): Promise<boolean>;
}

/** Starts as the configuration says: one process, or a primary with workers. Settles once all of it serves; rejects with nothing left running. */
export async function startRunning(options: AppOptions): Promise<Running> {
  const count = workersOf(options.loaded.config.workers);
  if (count === 1) return App.start(options);
  // what one process does not need is not loaded
  const { Primary } = await import('./workers/primary.ts');
  return Primary.start(options, count);
}
