import type { AppReadings } from '../../model/status.ts';
import type { Stats } from '../stats.ts';
import type { Series } from './series.ts';

/** What concerns the process as a whole. */
export function processSeries(stats: Stats, version: string, readings: () => AppReadings | undefined): Series[] {
  return [
    {
      name: 'breakwater_build_info',
      help: 'Always 1; the labels say what runs.',
      type: 'gauge',
      labels: ['version', 'node'],
      read: (emit) => emit(1, version, process.version),
    },
    {
      name: 'breakwater_connections',
      help: 'Open client connections.',
      type: 'gauge',
      labels: ['listener'],
      read: (emit) =>
        readings()
          ?.listeners()
          .forEach(({ listener, connections }) => emit(connections, listener)),
    },
    {
      name: 'breakwater_rejected_total',
      help: 'Requests and connections that the listener refused before they became an exchange.',
      type: 'counter',
      labels: ['reason'],
      read: (emit) => stats.rejections.forEach((count, reason) => emit(count, reason)),
    },
    {
      name: 'breakwater_internal_errors_total',
      help: 'Exceptions where none may be: bugs. Alert on any.',
      type: 'counter',
      labels: [],
      read: (emit) => emit(stats.internalErrors),
    },
    {
      name: 'breakwater_authority_usable',
      help: '0 where the local certificate authority can be neither read nor made: no tunnel is intercepted.',
      type: 'gauge',
      labels: [],
      read: (emit) => emit(readings()?.authority?.().problem === undefined ? 1 : 0),
    },
    ...configSeries(readings),
  ];
}

function configSeries(readings: () => AppReadings | undefined): Series[] {
  return [
    {
      name: 'breakwater_config_last_reload_successful',
      help: '0 where the last reload was refused and the configuration before it still holds.',
      type: 'gauge',
      labels: [],
      read: (emit) => emit(readings()?.config().lastReloadOk === false ? 0 : 1),
    },
    {
      name: 'breakwater_config_last_reload_success_timestamp_seconds',
      help: 'When the configuration at work was loaded.',
      type: 'gauge',
      labels: [],
      read: (emit) => emit((readings()?.config().loadedAt ?? 0) / 1000),
    },
  ];
}
