import type { Clock } from '../model/clock.ts';
import type { AuthorityReading } from '../model/status.ts';
import type { Log } from '../telemetry/log.ts';
import type { CertificateAuthority, TlsServing } from '../tls/authority.ts';
import { keyWarning, loadAuthority, prepareAuthority } from '../tls/load-authority.ts';

/** What the authority of a process is made with. */
export interface OwnAuthorityParts {
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly serving?: TlsServing;
  /** How often a directory that could not be used is tried again, in milliseconds; half a minute where absent. */
  readonly retryMs?: number;
}

const RETRY_MS = 30_000;

/**
 * The certificate authority of a process: made on first use, and what came of that. Whoever comes by a base URL needs none of it, so that a directory that cannot be used keeps nothing
 * from starting: it is told in the log and in /health, and tried again until it can be.
 */
export class OwnAuthority {
  readonly #parts: OwnAuthorityParts;
  #loading: Promise<CertificateAuthority> | undefined;
  #problem: string | undefined;
  #warning: string | undefined;
  #missed = false;
  #triedAt = 0;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: OwnAuthorityParts) {
    this.#parts = parts;
  }

  /** How it stands. */
  get reading(): AuthorityReading {
    return {
      directory: this.#parts.directory,
      problem: this.#problem,
      warning: this.#warning,
      missed: this.#missed,
      triedAt: this.#triedAt,
    };
  }

  /** The authority, with the bundle for clients written. Rejects with an AuthorityError where its directory cannot be used. */
  load(): Promise<CertificateAuthority> {
    if (this.#loading !== undefined) return this.#loading;
    const { directory, clock, serving } = this.#parts;
    const loading = loadAuthority(directory, clock, serving);
    this.#loading = loading;
    loading.then(
      () => this.#well(),
      (error: Error) => {
        // a directory that was mended in the meantime is tried again
        this.#loading = undefined;
        this.#failed(error);
      },
    );
    return loading;
  }

  /** As `load`, for a client that waits for a tunnel: it is refused where that fails. */
  async loadForClient(): Promise<CertificateAuthority> {
    try {
      return await this.load();
    } catch (error) {
      this.#missed = true;
      throw error;
    }
  }

  /** Writes the roots for clients where they are not there yet: a backend that was started apart, with `SSL_CERT_FILE` set to them, fails where the file is missing. Never rejects. */
  async writeRoots(): Promise<void> {
    const { directory, clock, log } = this.#parts;
    try {
      await prepareAuthority(directory, clock);
      this.#warning = await keyWarning(directory);
      if (this.#warning !== undefined) log.warn({ reason: this.#warning }, 'the key of the certificate authority is not private');
      this.#well();
    } catch (error) {
      this.#failed(error as Error);
    }
  }

  /** Tries no more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
  }

  #well(): void {
    if (this.#problem !== undefined) this.#parts.log.info({ ca: this.#parts.directory }, 'the certificate authority can be used again');
    this.#problem = undefined;
    this.#missed = false;
    this.#triedAt = this.#parts.clock.wallNow();
    clearTimeout(this.#retry);
  }

  #failed({ message }: Error): void {
    if (message !== this.#problem)
      this.#parts.log.warn(
        { reason: message },
        'no CA bundle for clients: HTTPS_PROXY cannot be used until what the reason says is mended; base URLs can',
      );
    this.#problem = message;
    this.#triedAt = this.#parts.clock.wallNow();
    clearTimeout(this.#retry);
    if (!this.#closed) this.#retry = setTimeout(() => void this.writeRoots(), this.#parts.retryMs ?? RETRY_MS).unref();
  }
}
