import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';

/**
 * Loaded before a program (`node --import`): the first SIGUSR2 begins a profile, the second ends it and writes it, so that start-up and warm-up stay out of
 * it. BENCH_PROFILE says which: `cpu`, or `heap` for all that was allocated, what was collected since included. BENCH_PROFILE_FILE says where to.
 */
const kind = process.env['BENCH_PROFILE'];
const file = process.env['BENCH_PROFILE_FILE'] ?? 'bench.profile';
const session = new Session();
session.connect();
let running = false;

async function begin(): Promise<void> {
  if (kind === 'heap') {
    const all = { includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true };
    await session.post('HeapProfiler.startSampling', { samplingInterval: 32_768, ...all });
  } else {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: 200 });
    await session.post('Profiler.start');
  }
}

async function end(): Promise<void> {
  const { profile } = kind === 'heap' ? await session.post('HeapProfiler.stopSampling') : await session.post('Profiler.stop');
  writeFileSync(file, JSON.stringify(profile));
  process.stdout.write('profile written\n');
}

process.on('SIGUSR2', () => {
  void (running ? end() : begin());
  running = !running;
});
