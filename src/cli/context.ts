import type { EarlySignals } from './early-signals.ts';

/** What a command sees of the process, so that a test can run one without a process. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Results: standard output. */
  readonly out: (text: string) => void;
  /** Errors and hints for people: standard error. */
  readonly err: (text: string) => void;
  /** Signals that came while the program was loaded; undefined where nobody heard them. */
  readonly early?: EarlySignals | undefined;
}

/** What a command ends with: 0 done, 1 it did not work, 2 it was called wrongly or with a wrong configuration. */
export type ExitCode = number;

/** Ends a command with a message and a code. The one exception that commands throw; `main` prints it. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode) {
    super(message);
    this.exitCode = exitCode;
  }
}
