import { type DestinationStream, pino } from 'pino';
import { redactText } from './redact.ts';

/** How much is said. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Fields of a line, plain data without secrets: whoever calls has redacted what came from outside. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The log of the process: one JSON object a line. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** Whether a line of this level would be written: asked before an expensive one is put together. */
  writes(level: Exclude<LogLevel, 'silent'>): boolean;
  /** Writes one line, a whole JSON object with its `level` and `time`, as it is. The caller has asked `writes`. */
  line(json: string): void;
  /** Changes how much is said: a reload may. */
  setLevel(level: LogLevel): void;
  /** Writes out what is held back, for a second at most. Awaited before the process ends, or its last lines may be lost. */
  flush(): Promise<void>;
}

/** Where lines go: a file descriptor (1, 2), written to without blocking, or anything that takes text. */
export type LogTarget = 1 | 2 | { write(line: string): unknown };

/** What is held back while the reader of the log does not read; past it lines are dropped, since a full pipe must not take the memory. */
const MAX_HELD_BYTES = 8 * 1024 * 1024;

/** How long the end of the process waits for the reader of the log, in milliseconds. */
const FLUSH_MS = 1000;

/** Causes of causes that are told; they can go round in circles. */
const MAX_CAUSES = 3;

/** Makes the log. Lines carry `level` as a word and `time` as ISO 8601. */
export function createLog(level: LogLevel, target: LogTarget = 1): Log {
  const fd = typeof target === 'number' ? pino.destination({ dest: target, sync: false, minLength: 1, maxLength: MAX_HELD_BYTES }) : undefined;
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label: string) => ({ level: label }) } };
  const stream = fd ?? (target as DestinationStream);
  const logger = pino(options, stream);
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    writes: (asked) => logger.isLevelEnabled(asked),
    line: (json) => {
      stream.write(`${json}\n`);
    },
    setLevel: (next) => {
      logger.level = next;
    },
    flush: () => flush(fd),
  };
}

/** Settles once everything is written, or the reader has not read for too long. */
function flush(fd: { flush(written: () => void): void } | undefined): Promise<void> {
  if (fd === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, FLUSH_MS);
    fd.flush(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** An exception as fields of a line: its own properties are left out, since errors of HTTP clients carry headers there. */
export function errorFields(error: unknown, depth = 0): LogFields {
  if (!(error instanceof Error)) return { error: redactText(String(error)) };
  const cause = error.cause === undefined || depth >= MAX_CAUSES ? undefined : errorFields(error.cause, depth + 1);
  return {
    error: redactText(error.message),
    name: error.name,
    stack: redactText(error.stack ?? ''),
    ...(cause === undefined ? undefined : { cause }),
  };
}
