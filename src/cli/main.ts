#!/usr/bin/env node
import * as module from 'node:module';
import { type EarlySignals, hearEarly } from './early-signals.ts';

const OLDEST_NODE = 24;

/** How long what serves may still hold the process once it has stopped, in milliseconds: what the log had to write it has had its time for. */
const LEAVE_MS = 200;

/** Loads the program, which an older Node could not even read, and runs it. */
async function main(early: EarlySignals | undefined): Promise<number> {
  // what was compiled once is loaded as it is from the second start on; harmless where there is no place to keep it
  module.enableCompileCache();
  const { run } = await import('./program.ts');
  // who reads the output may have seen enough, as in `breakwater check --print proxy.yaml | head`
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  return run(process.argv.slice(2), {
    env: process.env,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    early,
  });
}

/**
 * Ends the process whatever its threads do. One that writes a log which nobody reads stands still, and Node waits for its threads even in `process.exit`: only another program in
 * the place of this one ends it with a code. Called where the process has not ended by itself.
 */
function leave(code: number): void {
  // Windows cannot put a program in the place of another
  if (process.platform === 'win32' || process.execve === undefined) process.kill(process.pid, 'SIGKILL');
  else process.execve(process.execPath, [process.execPath, '-e', `process.exit(${code})`], {});
}

if (Number.parseInt(process.versions.node, 10) >= OLDEST_NODE) {
  const early = hearEarly(process.argv.slice(2));
  const code = await main(early);
  process.exitCode = code;
  if (early !== undefined) setTimeout(() => leave(code), LEAVE_MS).unref();
} else {
  process.stderr.write(`breakwater: needs Node ${OLDEST_NODE} or later, and this is ${process.versions.node}\n`);
  process.exitCode = 1;
}
