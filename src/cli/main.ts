#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// what was compiled once is loaded as it is from the second start on; harmless where there is no place to keep it
enableCompileCache();
const { run } = await import('./program.ts');

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
});
