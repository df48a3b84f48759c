import type { Clock } from '../../model/clock.ts';
import type { Stats } from '../stats.ts';
import type { HistogramSeries, Series } from './series.ts';

/** What is counted per upstream. */
export function upstreamSeries(stats: Stats, clock: Clock): Series[] {
  return [...dependencySeries(stats, () => clock.now()), usageSeries(stats, clock), ...totalSeries(stats)];
}

function dependencySeries(stats: Stats, now: () => number): Series[] {
  return [
    {
      name: 'breakwater_dependency_error_ratio',
      help: 'Share of the attempts of the last 5 minutes that failed for a fault of the upstream; absent where there were none. Read it with breakwater_dependency_attempts.',
      type: 'gauge',
      labels: ['upstream'],
      read: (emit) => {
        for (const { name, all } of stats.upstreams.values()) {
          const { ok, failed } = all.read(now());
          if (ok + failed > 0) emit(failed / (ok + failed), name);
        }
      },
    },
    {
      name: 'breakwater_dependency_attempts',
      help: 'Attempts of the last 5 minutes that the error ratio stands on.',
      type: 'gauge',
      labels: ['upstream'],
      read: (emit) => {
        for (const { name, all } of stats.upstreams.values()) {
          const { ok, failed } = all.read(now());
          emit(ok + failed, name);
        }
      },
    },
  ];
}

function usageSeries(stats: Stats, clock: Clock): Series {
  return {
    name: 'breakwater_upstream_usage_ratio',
    help: 'Share of one of its limits that an upstream has said is used up, 1 being all: the highest of the last minute in which it said so. Absent where it has not for an hour.',
    type: 'gauge',
    labels: ['upstream', 'kind'],
    read: (emit) => {
      for (const { name, usage } of stats.upstreams.values()) for (const { kind, ratio } of usage.read(clock.wallNow())) emit(ratio, name, kind);
    },
  };
}

function totalSeries(stats: Stats): Series[] {
  return [
    {
      name: 'breakwater_bytes_total',
      help: 'Bytes of answer bodies: in, as received from the upstream; out, as sent to the client.',
      type: 'counter',
      labels: ['upstream', 'direction'],
      read: (emit) => {
        for (const { name, bytesIn, bytesOut } of stats.upstreams.values()) {
          emit(bytesIn, name, 'in');
          emit(bytesOut, name, 'out');
        }
      },
    },
    {
      name: 'breakwater_breaker_transitions_total',
      help: 'Changes of breakers, by the state entered and the class of the reason.',
      type: 'counter',
      labels: ['upstream', 'breaker', 'to', 'reason'],
      read: (emit) => {
        for (const [key, count] of stats.transitions.entries()) {
          const [upstream = '', ...rest] = key.split(' ');
          // the name of a breaker may have blanks, the others have none
          emit(count, upstream, rest.slice(0, -2).join(' '), ...rest.slice(-2));
        }
      },
    },
  ];
}

/** Durations per upstream and phase. */
export function upstreamHistograms(stats: Stats): HistogramSeries[] {
  return [
    {
      name: 'breakwater_phase_duration_seconds',
      help: 'Phases of attempts: connect (queue, DNS, TCP and TLS, where a connection was opened), first_byte (request written to head of the answer), body; and wait, between attempts.',
      labels: ['upstream', 'phase'],
      read: (emit) => {
        for (const { name, connect, firstByte, body, wait } of stats.upstreams.values()) {
          emit(connect, name, 'connect');
          emit(firstByte, name, 'first_byte');
          emit(body, name, 'body');
          emit(wait, name, 'wait');
        }
      },
    },
  ];
}
