import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { breakwaterOf } from './contenders/breakwater.ts';
import { openBench } from './lib/bench.ts';
import { until } from './lib/process.ts';
import { cpuSummary, heapSummary } from './report/profiles.ts';
import { byWrk } from './scenarios/measures.ts';
import type { Case, Sample } from './scenarios/scenario.ts';

/**
 * Runs Breakwater with the whole preset under V8's profilers and writes what it found as text: bench/profiles/NAME-cpu.txt and NAME-heap.txt.
 * Usage: node bench/profile.ts [--name plain] [--seconds 10] [--connections 32] [--bare]
 */
const { values } = parseArgs({
  options: {
    name: { type: 'string', default: 'plain' },
    seconds: { type: 'string', default: '10' },
    connections: { type: 'string', default: '32' },
    bare: { type: 'boolean', default: false },
  },
});

const profiles = join(import.meta.dirname, 'profiles');

/** Runs, warm, under a profiler: what it wrote, and the number of requests meanwhile. */
async function profiled(kind: 'cpu' | 'heap'): Promise<{ json: string; requests: number }> {
  const contender = breakwaterOf({
    name: 'breakwater',
    title: '',
    modes: ['reverse'],
    upstream: () => (values.bare ? {} : { preset: 'supabase', cache: { enabled: false } }),
    flags: ['--import', join(import.meta.dirname, 'programs/sampler.ts')],
  });
  const bench = await openBench();
  const setup = bench.setupOf({ mode: 'reverse', behind: 'http' } as Case);
  const file = join(setup.directory, `${kind}.profile`);
  Object.assign(process.env, { BENCH_PROFILE: kind, BENCH_PROFILE_FILE: file });
  try {
    const { program, ...endpoint } = await contender.start(setup);
    if (program === undefined) throw new Error('there is no program to profile');
    const load = (seconds: number): Promise<Sample> =>
      byWrk({ program, ...endpoint }, { contender, setup, seconds }, '/rest/v1/1k', Number(values.connections));
    await load(3);
    process.kill(program.pid, 'SIGUSR2');
    const sample = await load(Number(values.seconds));
    process.kill(program.pid, 'SIGUSR2');
    await until(program, () => (program.output().includes('profile written') ? true : undefined));
    await program.stop();
    return { json: readFileSync(file, 'utf8'), requests: sample['done'] ?? 0 };
  } finally {
    await bench.close();
  }
}

function keep(kind: string, text: string): void {
  mkdirSync(profiles, { recursive: true });
  writeFileSync(join(profiles, `${values.name}-${kind}.txt`), text);
  process.stdout.write(text);
}

const cpu = await profiled('cpu');
keep('cpu', cpuSummary(cpu.json, cpu.requests));
const heap = await profiled('heap');
keep('heap', heapSummary(heap.json, heap.requests));
