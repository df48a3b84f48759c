import { existsSync, statSync, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';

/** What tells a file that is not there. */
const GONE = 'gone';

/** How often the files are looked at, in milliseconds. */
const INTERVAL_MS = 1000;

/**
 * Tells when one of some files changed. Looks at each by path once a second: that sees what events of the file system miss, a Kubernetes ConfigMap whose symbolic link is
 * swapped, a file on a bind mount, an editor that replaces the file.
 */
export class FileWatch {
  readonly #changed: () => void;
  readonly #intervalMs: number;
  /** What told each file's content apart when it was last looked at; undefined before the first look. */
  #seen = new Map<string, string | undefined>();
  #sinceMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(changed: () => void, intervalMs = INTERVAL_MS) {
    this.#changed = changed;
    this.#intervalMs = intervalMs;
  }

  /**
   * Watches these files from now on, and no others. What changed since they were read, at `sinceMs` (milliseconds since the epoch), is told as well; of files that were watched
   * before, what is not as it was seen last.
   */
  watch(files: readonly string[], sinceMs: number): void {
    // a file that comes to be may bear an old date: moved here, or a link to one that has long been there
    this.#seen = new Map(files.map((file) => [file, this.#seen.get(file) ?? (existsSync(file) ? undefined : GONE)]));
    this.#sinceMs = sinceMs;
    this.#timer ??= setInterval(() => void this.#look(), this.#intervalMs).unref();
  }

  /** Takes the watched files as they are now for seen: they are about to be read. */
  note(): void {
    for (const file of this.#seen.keys()) this.#seen.set(file, textOf(statNow(file)));
  }

  /** Watches no more. */
  close(): void {
    clearInterval(this.#timer);
    this.#seen.clear();
  }

  async #look(): Promise<void> {
    const seen = this.#seen;
    let changed = false;
    for (const [file, before] of seen) {
      const { text, changedAt } = await signature(file);
      changed ||= before === undefined ? changedAt >= this.#sinceMs : before !== text;
      seen.set(file, text);
    }
    if (changed && seen === this.#seen) this.#changed();
  }
}

/** What tells one content of a path from the next, without reading it; a file that is gone for a moment has a signature too. */
async function signature(file: string): Promise<{ text: string; changedAt: number }> {
  const found = await stat(file).catch(() => undefined);
  return { text: textOf(found), changedAt: found?.ctimeMs ?? -Infinity };
}

function statNow(file: string): Stats | undefined {
  try {
    return statSync(file);
  } catch {
    return undefined;
  }
}

function textOf(found: Stats | undefined): string {
  return found === undefined ? GONE : `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
}
