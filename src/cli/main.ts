#!/usr/bin/env node
import * as module from 'node:module';
import { hearEarly } from './early-signals.ts';

const OLDEST_NODE = 24;

/** Loads the program, which an older Node could not even read, and runs it. */
async function main(): Promise<number> {
  const early = hearEarly(process.argv.slice(2));
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

if (Number.parseInt(process.versions.node, 10) >= OLDEST_NODE) {
  process.exitCode = await main();
} else {
  process.stderr.write(`breakwater: needs Node ${OLDEST_NODE} or later, and this is ${process.versions.node}\n`);
  process.exitCode = 1;
}
