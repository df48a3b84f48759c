import { writeSync } from 'node:fs';
import { createLog, errorFields } from './log.ts';

/**
 * From now on an exception that nothing caught ends the process with a line of its log on `fd`, where Node would write it with all that it holds, secrets too. It is never lived on with: what it
 * left undone is not known. The function that is returned takes this back.
 */
export function tellCrashes(fd: 1 | 2): () => void {
  // what the log holds back is lost with the process: this line must not be
  const log = createLog('error', { write: (line) => writeNow(fd, line) });
  const crashed = (error: unknown): void => {
    log.error(errorFields(error), 'a fault that nothing caught: the process ends');
    process.exit(1);
  };
  process.on('uncaughtException', crashed);
  return () => process.off('uncaughtException', crashed);
}

/** Nobody may be reading, or be left to read. */
function writeNow(fd: number, line: string): void {
  try {
    writeSync(fd, line);
  } catch {
    // there is nowhere else to say it
  }
}
