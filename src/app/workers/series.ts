import type { Series } from '../../telemetry/metrics/series.ts';
import type { Crew } from './crew.ts';

/** What concerns the workers as processes. The process metrics beside these are the primary's. */
export function workerSeries(crew: Pick<Crew, 'ready' | 'restarts'>, count: number): Series[] {
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
    {
      name: 'breakwater_worker_cpu_seconds_total',
      help: 'User and system CPU time of each worker since its start.',
      type: 'counter',
      labels: ['worker'],
      read: (emit) => crew.ready.forEach(({ seat, last }) => last !== undefined && emit(last.cpuSeconds, seat.index)),
    },
    {
      name: 'breakwater_worker_resident_memory_bytes',
      help: 'Resident memory of each worker.',
      type: 'gauge',
      labels: ['worker'],
      read: (emit) => crew.ready.forEach(({ seat, last }) => last !== undefined && emit(last.rssBytes, seat.index)),
    },
  ];
}
