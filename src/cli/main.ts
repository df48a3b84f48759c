#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// what was compiled once is loaded as it is from the second start on; harmless where there is no place to keep it
enableCompileCache();
const { run } = await import('./program.ts');

// who reads the output may have seen enough, as in `breakwater check --print proxy.yaml | head`
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
});
