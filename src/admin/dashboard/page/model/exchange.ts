import { bytes, clockTime, latency } from './format.ts';
import type { AttemptAnswer, ExchangeAnswer } from './wire.ts';

/** An exchange as the list shows it: texts alone. */
export interface ExchangeRow {
  readonly id: string;
  readonly time: string;
  readonly mark: string;
  readonly outcome: string;
  readonly troubled: boolean;
  readonly request: string;
  readonly place: string;
  readonly status: string;
  readonly elapsed: string;
  readonly attempts: string;
  readonly failure: string | undefined;
  readonly facts: readonly (readonly [string, string])[];
  readonly tries: readonly AttemptRow[];
}

/** One attempt of it. */
export interface AttemptRow {
  readonly number: string;
  readonly result: string;
  readonly detail: string;
  readonly times: string;
}

const MARKS: Readonly<Record<string, string>> = { ok: '✓', failed: '✕', unknown: '?', client_closed: '↩' };
const WORDS: Readonly<Record<string, string>> = { ok: 'OK', failed: 'failed', unknown: 'outcome unknown', client_closed: 'client left' };

/** Puts a row together. */
export function exchangeRow(exchange: ExchangeAnswer): ExchangeRow {
  const { outcome, attempts, failure, status } = exchange;
  return {
    id: exchange.id,
    time: clockTime(exchange.time),
    mark: MARKS[outcome] ?? '?',
    outcome: WORDS[outcome] ?? outcome,
    troubled: outcome === 'failed' || outcome === 'unknown',
    request: `${exchange.method} ${exchange.path}`,
    place: `${exchange.upstream} · ${exchange.route}`,
    status: status === 0 ? 'none' : String(status),
    elapsed: latency(exchange.elapsedMs),
    attempts: attempts.length === 1 ? '1 attempt' : `${attempts.length} attempts`,
    failure: failure === undefined ? undefined : `${failure.kind} in phase ${failure.phase}: ${failure.detail} (${failure.code})`,
    facts: factsOf(exchange),
    tries: attempts.map(attemptRow),
  };
}

function factsOf(exchange: ExchangeAnswer): [string, string][] {
  const { cache, waitedMs, failure, traceId, spanId = '' } = exchange;
  return [
    ['Host', exchange.authority],
    ['Answered by', exchange.source],
    ...(cache === undefined ? [] : ([['Cache', cache]] as [string, string][])),
    ...(failure?.limit === undefined ? [] : ([['Limit', failure.limit]] as [string, string][])),
    ...(waitedMs > 0 ? ([['Waited between attempts', latency(waitedMs)]] as [string, string][]) : []),
    ['Bytes', `${bytes(exchange.bytesIn)} from the upstream, ${bytes(exchange.bytesOut)} to the client`],
    ['Came in by', exchange.entry],
    ['Id', exchange.id],
    ...(traceId === undefined ? [] : ([['Trace', `${traceId}, span ${spanId}`]] as [string, string][])),
  ];
}

function attemptRow(attempt: AttemptAnswer): AttemptRow {
  const { number, status, phase, kind, code, detail, rule, upstreamId, elapsedMs, connectMs, firstByteMs, reused } = attempt;
  const failed = phase === undefined ? undefined : `${kind ?? 'failed'} in phase ${phase}`;
  const answered = status === undefined ? undefined : `status ${status}`;
  const connected = reused ? 'connection reused' : `connect ${latency(connectMs)}`;
  return {
    number: `Attempt ${number}`,
    result: [answered, failed].filter((part) => part !== undefined).join(', ') || 'no answer',
    detail: [
      detail,
      code === undefined ? undefined : `(${code})`,
      rule === undefined ? undefined : `rule ${rule}`,
      upstreamId === undefined ? undefined : `upstream's id ${upstreamId}`,
    ]
      .filter((part) => part !== undefined)
      .join(' '),
    times: `${latency(elapsedMs)} in all · ${connected} · first byte ${firstByteMs > 0 ? latency(firstByteMs) : 'none'}`,
  };
}
