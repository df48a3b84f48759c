import { tellCrashes } from '../../telemetry/crash.ts';
import { settleEngine } from '../engine.ts';
import type { Wire } from './link.ts';
import { Worker } from './worker.ts';

// the primary hears these and says what is to be done; a terminal sends them to all
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

settleEngine();
tellCrashes(1);
const worker = new Worker(process as unknown as Wire);
// told to stop, it ends; where the primary has died without a word, nobody would replace it
process.on('disconnect', () => {
  const code = worker.stopped ? 0 : 1;
  void worker.abandon().finally(() => process.exit(code));
});
