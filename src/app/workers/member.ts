import { type ChildProcess, fork } from 'node:child_process';
import { extname, join } from 'node:path';
import { type Handlers, Link } from './link.ts';
import type { PrimaryCalls, SeatNumbers, WorkerCalls, WorkerSnapshot } from './protocol.ts';

/** The worker's program: beside this one, in its language. */
const PROGRAM = join(import.meta.dirname, `worker-main${extname(import.meta.filename)}`);

/** How a worker process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Where a worker's log goes, whole lines, and exceptions in what it told. */
export interface MemberParts {
  readonly lines: (text: string) => void;
  readonly bug: (error: unknown) => void;
}

/** One worker process, as the primary has it. */
export class Member {
  readonly seat: SeatNumbers;
  readonly link: Link<WorkerCalls, PrimaryCalls>;
  readonly startedAt = performance.now();
  /** Settles when the process has ended and everything that it wrote has been read. */
  readonly ended: Promise<Ending>;
  /** What it last said of itself. */
  last: WorkerSnapshot | undefined;
  /** When it last answered, in milliseconds (`performance.now()`). */
  answeredAt = performance.now();
  /** Takes traffic. */
  ready = false;
  /** Took traffic once. */
  served = false;
  readonly #child: ChildProcess;

  /** Forks a worker that hears nothing yet. */
  constructor(seat: SeatNumbers, handlers: Handlers<PrimaryCalls>, { lines, bug }: MemberParts) {
    this.seat = seat;
    const child = fork(PROGRAM, [], { serialization: 'advanced', stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    this.#child = child;
    this.link = new Link<WorkerCalls, PrimaryCalls>(child, handlers, bug);
    const read = child.stdout === null ? Promise.resolve() : wholeLines(child.stdout, lines);
    // what is lost on the way is told by its end
    child.on('error', () => undefined);
    const exited = new Promise<Ending>((resolve) => {
      child.once('exit', (code, signal) => {
        this.ready = false;
        this.link.close();
        resolve({ code, signal });
      });
    });
    // not its `close` event: that does not come where the channel was closed from here
    this.ended = exited.then(async (how) => {
      await read;
      return how;
    });
  }

  /** Its number among the workers. */
  get id(): number {
    return this.seat.id;
  }

  /** Its process; undefined where it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Lets the process end: it has stopped. */
  release(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  /** Ends the process at once. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Gives what a stream says in whole lines, several at a time, until its end. A last line without end is dropped: its writer has died. */
function wholeLines(stream: NodeJS.ReadableStream, take: (text: string) => void): Promise<void> {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const end = chunk.lastIndexOf('\n');
    if (end < 0) return void (rest += chunk);
    take(rest + chunk.slice(0, end));
    rest = chunk.slice(end + 1);
  });
  return new Promise((resolve) => {
    stream.once('close', resolve);
  });
}
