import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeReport } from './report/write.ts';

/**
 * Runs a measurement that is a program of its own, shows what it prints, and keeps it for RESULTS.md.
 * Usage: node bench/keep.ts NAME PROGRAM.ts [ARGS], such as: node bench/keep.ts cache-size bench/cache-size.ts
 */
const [name, program, ...args] = process.argv.slice(2);
if (name === undefined || program === undefined) {
  process.stderr.write('usage: node bench/keep.ts NAME PROGRAM.ts [ARGS]\n');
  process.exit(2);
}
const flags = name === 'cache-size' ? ['--expose-gc', '--max-old-space-size=6000'] : [];
const { stdout, status } = spawnSync(process.execPath, [...flags, program, ...args], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
  maxBuffer: 1024 ** 3,
});
process.stdout.write(stdout);
const directory = join(import.meta.dirname, 'results/printed');
mkdirSync(directory, { recursive: true });
const made = `\`node ${[program, ...args].join(' ')}\`, ${new Date().toISOString().slice(0, 10)}, exit code ${status}.`;
writeFileSync(join(directory, `${name}.txt`), `${made}\n${stdout}`);
writeReport();
