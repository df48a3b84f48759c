import type { JournalEntry } from './journal.ts';
import type { Log } from './log.ts';

/**
 * Writes one line per exchange: `info` where it went well or the client left, `warn` where it failed or nobody knows, `error` where it failed for a fault of ours. Without
 * headers; the path redacted.
 */
export class AccessLog {
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Says what became of an exchange. */
  write(entry: JournalEntry): void {
    const level = entry.outcome === 'failed' || entry.outcome === 'unknown' ? 'warn' : 'info';
    if (!this.#log.writes(level)) return;
    const fields = entry.summary();
    if (fields.failure?.code === 'proxy_internal_error') this.#log.error({ ...fields }, 'exchange');
    else this.#log[level]({ ...fields }, 'exchange');
  }
}
