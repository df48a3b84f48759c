import { isDeepStrictEqual } from 'node:util';
import { type Loaded, loadConfig } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import type { ConfigReading } from '../model/status.ts';
import type { Log } from '../telemetry/log.ts';
import { FileWatch } from './watch.ts';

/** What a reload needs. */
export interface ReloadParts {
  readonly loaded: Loaded;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Puts a configuration to work, whole or not at all. What is taken up at the start alone stands in it as it was then. */
  readonly apply: (config: Config) => Promise<void>;
  readonly log: Log;
  readonly clock: Clock;
}

/** Settings that are taken up at the start alone. */
const AT_START = ['workers', 'listen', 'admin', 'intercept', 'limits', 'cache', 'dns'] as const satisfies readonly (keyof Config)[];

/** A configuration with what is taken up at the start alone as `started` has it. */
function withStart(config: Config, started: Config): Config {
  return { ...config, ...Object.fromEntries(AT_START.map((key) => [key, started[key]])) };
}

/** Takes up changes of the configuration file, one at a time. What cannot be taken up is refused and told; what was there stays. */
export class Reloader {
  readonly #parts: ReloadParts;
  readonly #watch: FileWatch;
  #loaded: Loaded;
  /** When the files were read last, before the first byte of them. */
  #readAt: number;
  #reading: ConfigReading;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: ReloadParts) {
    this.#parts = parts;
    this.#loaded = parts.loaded;
    // the configuration was read before the process came here
    this.#readAt = Math.floor(performance.timeOrigin);
    this.#watch = new FileWatch(() => void this.reload('the file changed'));
    this.#reading = { file: parts.loaded.file, loadedAt: parts.clock.wallNow(), lastReloadOk: true, problems: [] };
  }

  /** The configuration at work and what came of the last reload. */
  get reading(): ConfigReading {
    return this.#reading;
  }

  /** Begins to watch the files of the configuration. */
  watch(): void {
    this.#watch.watch(this.#loaded.watched, this.#readAt);
  }

  /** Reloads after the reload that may be under way. Settles when it is done, well or not. */
  reload(why: string): Promise<void> {
    this.#running = this.#running.then(() => (this.#closed ? undefined : this.#reload(why)));
    return this.#running;
  }

  /** Watches and reloads no more. */
  close(): void {
    this.#closed = true;
    this.#watch.close();
  }

  async #reload(why: string): Promise<void> {
    const { file } = this.#loaded;
    this.#readAt = this.#parts.clock.wallNow();
    this.#watch.note();
    const result = loadConfig(file, this.#parts.env);
    if (!result.ok) return this.#refuse(why, result.problems.map(formatProblem), result.watched);
    try {
      await this.#parts.apply(withStart(result.config, this.#parts.loaded.config));
    } catch (error) {
      return this.#refuse(why, [error instanceof Error ? error.message : String(error)], result.watched);
    }
    this.#tellLeftOut(result.config);
    this.#loaded = result;
    this.#reading = { file, loadedAt: this.#parts.clock.wallNow(), lastReloadOk: true, problems: [] };
    if (!this.#closed) this.watch();
    this.#parts.log.info({ why, config: file ?? 'presets' }, 'configuration reloaded');
  }

  #refuse(why: string, problems: readonly string[], files: readonly string[]): void {
    this.#reading = { ...this.#reading, lastReloadOk: false, problems };
    // what is wrong may be mended in a file that only the refused one names: as soon as it is told
    if (!this.#closed) this.#watch.watch([...new Set([...this.#loaded.watched, ...files])], this.#readAt);
    this.#parts.log.error({ why, problems }, 'configuration refused: the one before it stays');
  }

  #tellLeftOut(config: Config): void {
    const changed = AT_START.filter((key) => !isDeepStrictEqual(config[key], this.#parts.loaded.config[key]));
    if (changed.length > 0) this.#parts.log.warn({ changed }, 'these settings take effect after a restart');
  }
}
