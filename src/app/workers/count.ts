import { availableParallelism } from 'node:os';
import type { Config } from '../../config/schema.ts';

/** How many processes serve: as many as are asked for, or as there are cores for this process. */
export function workersOf(workers: Config['workers']): number {
  return workers === 'auto' ? availableParallelism() : workers;
}
