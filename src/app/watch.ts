import { unwatchFile, watchFile } from 'node:fs';

/** How often the files are looked at, in milliseconds. */
const INTERVAL_MS = 1000;

/**
 * Tells when one of some files changed. Looks at each by path once a second: that sees what events of the file system miss, a Kubernetes ConfigMap whose symbolic link is
 * swapped, a file on a bind mount, an editor that replaces the file.
 */
export class FileWatch {
  readonly #changed: () => void;
  readonly #intervalMs: number;
  #files: readonly string[] = [];

  constructor(changed: () => void, intervalMs = INTERVAL_MS) {
    this.#changed = changed;
    this.#intervalMs = intervalMs;
  }

  /** Watches these files from now on, and no others. */
  watch(files: readonly string[]): void {
    for (const file of this.#files) if (!files.includes(file)) unwatchFile(file, this.#changed);
    for (const file of files) if (!this.#files.includes(file)) watchFile(file, { interval: this.#intervalMs, persistent: false }, this.#changed);
    this.#files = [...files];
  }

  /** Watches no more. */
  close(): void {
    this.watch([]);
  }
}
