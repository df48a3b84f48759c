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
    const ours = fields.failure?.code === 'proxy_internal_error';
    // past the logger's own formatting, which is six times as slow as the engine's
    this.#log.line(`{"level":"${ours ? 'error' : level}","msg":"exchange",${JSON.stringify(fields).slice(1)}`);
  }
}
