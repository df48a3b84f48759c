import type { AppReadings, CacheReading, UpstreamReading } from '../../model/status.ts';
import type { Series } from './series.ts';

const STATES = ['closed', 'open', 'half-open', 'isolated'] as const;

/** What stands now: read from the app at each scrape. `readings` gives undefined while there is none. */
export function readingSeries(readings: () => AppReadings | undefined): Series[] {
  const upstreams = (): readonly UpstreamReading[] => readings()?.upstreams() ?? [];
  return [breakerSeries(upstreams), ...placeSeries(upstreams), ...probeSeries(upstreams), ...cacheSeries(() => readings()?.cache?.())];
}

type Upstreams = () => readonly UpstreamReading[];

function breakerSeries(upstreams: Upstreams): Series {
  return {
    name: 'breakwater_breaker_state',
    help: '1 for the state that a breaker is in, 0 for the others; with mode observe it refuses nothing.',
    type: 'gauge',
    labels: ['upstream', 'breaker', 'authority', 'mode', 'state'],
    read: (emit) => {
      for (const { breakers } of upstreams())
        for (const { upstream, breaker, authority, state, mode = 'enforce' } of breakers)
          for (const each of STATES) emit(each === state ? 1 : 0, upstream, breaker, authority, mode, each);
    },
  };
}

function placeSeries(upstreams: Upstreams): Series[] {
  return [
    {
      name: 'breakwater_pool_connections',
      help: 'Connections to the upstream: open, and busy among them or being opened.',
      type: 'gauge',
      labels: ['upstream', 'state'],
      read: (emit) => {
        for (const { name, pool } of upstreams()) {
          emit(pool.open, name, 'open');
          emit(pool.busy, name, 'busy');
        }
      },
    },
    {
      name: 'breakwater_pool_queued',
      help: 'Exchanges that wait for a connection.',
      type: 'gauge',
      labels: ['upstream'],
      read: (emit) => upstreams().forEach(({ name, pool }) => emit(pool.queued, name)),
    },
    {
      name: 'breakwater_bulkhead_exchanges',
      help: 'Exchanges that hold a place of the bulkhead (active) and that wait for one (queued).',
      type: 'gauge',
      labels: ['upstream', 'state'],
      read: (emit) => {
        for (const { name, bulkhead } of upstreams()) {
          if (bulkhead === undefined) continue;
          emit(bulkhead.active, name, 'active');
          emit(bulkhead.queued, name, 'queued');
        }
      },
    },
  ];
}

function probeSeries(upstreams: Upstreams): Series[] {
  return [
    {
      name: 'breakwater_probe_up',
      help: '1 where the last active probe was answered.',
      type: 'gauge',
      labels: ['upstream'],
      read: (emit) => upstreams().forEach(({ name, probe }) => probe !== undefined && emit(probe.ok ? 1 : 0, name)),
    },
    {
      name: 'breakwater_probe_duration_seconds',
      help: 'How long the last active probe took.',
      type: 'gauge',
      labels: ['upstream'],
      read: (emit) => upstreams().forEach(({ name, probe }) => probe !== undefined && emit(probe.latencyMs / 1000, name)),
    },
  ];
}

function cacheSeries(reading: () => CacheReading | undefined): Series[] {
  const one = (name: string, help: string, type: Series['type'], value: (cache: CacheReading) => number | undefined): Series => ({
    name,
    help,
    type,
    labels: ['store'],
    read: (emit) => {
      const cache = reading();
      const found = cache === undefined ? undefined : value(cache);
      if (cache !== undefined && found !== undefined) emit(found, cache.store);
    },
  });
  return [
    one('breakwater_cache_entries', 'Stored answers, variants counted one by one.', 'gauge', ({ entries }) => entries),
    one('breakwater_cache_stored_bytes', 'Bytes of the stored answers, keys and fields included.', 'gauge', ({ bytes }) => bytes),
    one('breakwater_cache_evictions_total', 'Answers dropped to make room.', 'counter', ({ evictions }) => evictions),
    one('breakwater_cache_store_errors_total', 'Operations of the store that failed and were taken as a miss.', 'counter', ({ errors }) => errors),
  ];
}
