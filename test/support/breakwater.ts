import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { scratchDirectory } from './scratch.ts';

/** The command line's entry point. */
export const CLI = resolve(import.meta.dirname, '../../src/cli/main.ts');

/** What a command left behind. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `breakwater ARGS` to its end. */
export async function breakwater(args: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}): Promise<CommandResult> {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: stdout(), stderr: stderr() };
}

/** A log line. */
export type LogLine = Readonly<Record<string, unknown>>;

/** `breakwater run` as a process of its own. */
export class RunningBreakwater implements AsyncDisposable {
  readonly file: string;
  readonly log: LogLine[] = [];
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #waiting: { readonly holds: (line: LogLine) => boolean; readonly resolve: (line: LogLine) => void }[] = [];
  readonly #closed: Promise<number | null>;
  readonly #stderr: () => string;
  #ended = false;
  proxyUrl = '';
  adminUrl = '';

  readonly #scratch: AsyncDisposable & { readonly path: string };

  private constructor(scratch: AsyncDisposable & { readonly path: string }, env: Readonly<Record<string, string>>) {
    this.#scratch = scratch;
    this.file = join(scratch.path, 'proxy.yaml');
    this.#child = spawn(process.execPath, [CLI, 'run', '-c', this.file], {
      cwd: scratch.path,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#stderr = collect(this.#child.stderr);
    createInterface({ input: this.#child.stdout }).on('line', (text) => this.#heard(text));
    this.#closed = once(this.#child, 'close').then(([code]) => {
      this.#ended = true;
      return code as number | null;
    });
  }

  /** Starts with a configuration (ports 0 unless it says others) and waits until it listens. */
  static async start(yaml: string, env: Readonly<Record<string, string>> = {}): Promise<RunningBreakwater> {
    const scratch = await scratchDirectory();
    writeFileSync(join(scratch.path, 'proxy.yaml'), yaml);
    const running = new RunningBreakwater(scratch, env);
    const line = await Promise.race([running.said((said) => said['msg'] === 'listening'), running.#closed]);
    if (line === null || typeof line === 'number') throw new Error(`breakwater ended with ${String(line)}: ${running.#stderr()}`);
    running.proxyUrl = String(line['proxy']);
    running.adminUrl = String(line['admin']);
    return running;
  }

  /** Settles with the first log line, already written or to come, for which `holds` does. */
  said(holds: (line: LogLine) => boolean): Promise<LogLine> {
    const known = this.log.find(holds);
    return known === undefined ? new Promise((resolve) => this.#waiting.push({ holds, resolve })) : Promise.resolve(known);
  }

  /** Replaces the configuration file. */
  configure(yaml: string): void {
    writeFileSync(this.file, yaml);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** The exit code, once it has ended. */
  get exited(): Promise<number | null> {
    return this.#closed;
  }

  /** What it has said on standard error. */
  get stderr(): string {
    return this.#stderr();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#child.kill('SIGKILL');
    await this.#closed;
    await this.#scratch[Symbol.asyncDispose]();
  }

  #heard(text: string): void {
    const line = JSON.parse(text) as LogLine;
    this.log.push(line);
    for (const waiter of this.#waiting.filter(({ holds }) => holds(line))) {
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      waiter.resolve(line);
    }
  }
}

function collect(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}
