import type { Series } from '../../telemetry/metrics/series.ts';
import type { Crew } from './crew.ts';
import type { WorkerSnapshot } from './protocol.ts';

/** What concerns the workers as processes. The process metrics beside these are the primary's. */
export function workerSeries(crew: Pick<Crew, 'ready' | 'restarts'>, count: number): Series[] {
  const ofEach = (name: string, help: string, type: Series['type'], read: (last: WorkerSnapshot) => number): Series => ({
    name: `breakwater_worker_${name}`,
    help,
    type,
    labels: ['worker'],
    read: (emit) => crew.ready.forEach(({ seat, last }) => last !== undefined && emit(read(last), seat.index)),
  });
  return [
    {
      name: 'breakwater_workers',
      help: 'Worker processes: configured, and ready among them.',
      type: 'gauge',
      labels: ['state'],
      read: (emit) => {
        emit(count, 'configured');
        emit(crew.ready.length, 'ready');
      },
    },
    {
      name: 'breakwater_worker_restarts_total',
      help: 'Workers that died and were replaced.',
      type: 'counter',
      labels: [],
      read: (emit) => emit(crew.restarts),
    },
    ofEach('cpu_seconds_total', 'User and system CPU time of each worker since its start.', 'counter', ({ cpuSeconds }) => cpuSeconds),
    ofEach(
      'eventloop_active_seconds_total',
      'Time in which the event loop of each worker had work, since its start.',
      'counter',
      ({ activeSeconds }) => activeSeconds,
    ),
    ofEach('resident_memory_bytes', 'Resident memory of each worker.', 'gauge', ({ rssBytes }) => rssBytes),
    ofEach('heap_used_bytes', 'JavaScript heap in use of each worker.', 'gauge', ({ heapBytes }) => heapBytes),
  ];
}
