import type { BreakerTransition } from '../../../src/model/events.ts';
import type { AttemptRecord, Exchange } from '../../../src/model/exchange.ts';
import type { AppReadings, UpstreamReading } from '../../../src/model/status.ts';
import { createLog, type LogLevel } from '../../../src/telemetry/log.ts';
import { Telemetry } from '../../../src/telemetry/telemetry.ts';
import { exchangeOf, FakeClock } from '../policy/fixtures.ts';

/** Telemetry under a clock that stands still, its log lines kept. */
export function listening(parts: { level?: LogLevel; access?: boolean; journalSize?: number } = {}) {
  const lines: string[] = [];
  const clock = new FakeClock();
  const log = createLog(parts.level ?? 'debug', { write: (line) => lines.push(line) });
  const telemetry = new Telemetry({
    clock,
    version: '1.2.3',
    log,
    access: parts.access ?? true,
    journalSize: parts.journalSize,
    processMetrics: false,
  });
  return { telemetry, clock, lines, logged: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

/** An exchange that is over, as the listener leaves it. */
export function ended(parts: Partial<Exchange> & { method?: string; path?: string; authority?: string; headers?: string[] } = {}): Exchange {
  const { method, path, authority, headers, ...rest } = parts;
  const exchange = exchangeOf({
    ...(method === undefined ? undefined : { method }),
    ...(path === undefined ? undefined : { path }),
    ...(authority === undefined ? undefined : { authority }),
    ...(headers === undefined ? undefined : { headers }),
  });
  return Object.assign(exchange, { route: 'messages', status: 200, source: 'upstream' }, rest);
}

/** An attempt that went well. */
export function attempt(parts: Partial<AttemptRecord> = {}): AttemptRecord {
  return { number: 1, status: 200, failure: undefined, elapsedMs: 30, connectMs: 0, firstByteMs: 20, reused: true, ...parts };
}

/** A breaker that opens. */
export function opening(parts: Partial<BreakerTransition> = {}): BreakerTransition {
  return { upstream: 'api', breaker: 'default', authority: 'a', from: 'closed', to: 'open', reason: '5 in a row', cause: 'consecutive', ...parts };
}

/** An upstream at rest. */
export function upstreamReading(parts: Partial<UpstreamReading> = {}): UpstreamReading {
  const pool = { open: 1, busy: 0, queued: 0 };
  return {
    name: 'api',
    hosts: ['api.example'],
    routes: ['messages', 'default'],
    breakers: [],
    pool,
    bulkhead: undefined,
    probe: undefined,
    quotas: [],
    patience: [],
    faults: [],
    ...parts,
  };
}

/** What an app at rest says of itself. */
export function readingsOf(...upstreams: UpstreamReading[]): AppReadings {
  return {
    upstreams: () => upstreams,
    listeners: () => [{ listener: 'proxy', connections: 2 }],
    config: () => ({ file: 'proxy.yaml', loadedAt: 1_700_000_000_000, lastReloadOk: true, problems: [] }),
  };
}
