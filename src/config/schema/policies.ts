import { z } from 'zod';
import { count, duration } from './scalars.ts';

/** Time limits of an exchange and its attempts. */
export const timeouts = z.strictObject({
  queue: duration.optional().describe('Wait for a free place (bulkhead, connection pool).'),
  dns: duration.optional().describe('Name lookup; part of connect where absent.'),
  connect: duration.optional().describe('Until the TCP connection stands.'),
  tls: duration.optional().describe('TLS handshake.'),
  send: duration.optional().describe('Until the request has been written.'),
  headers: duration.optional().describe('From the request being written to the head of the answer.'),
  idle: duration.optional().describe('Between two pieces of the body of the answer.'),
  attempt: duration.optional().describe('One attempt, up to the end of its answer.'),
  total: duration.optional().describe('Everything, with all attempts and waits. With `streaming: true`, up to the head of the answer.'),
});

const backoff = z.strictObject({
  base: duration.optional().describe('Upper bound of the first wait; doubles with each attempt.'),
  max: duration.optional().describe('Upper bound of any wait.'),
  jitter: z
    .enum(['full', 'decorrelated', 'none'])
    .optional()
    .describe('full: anywhere between 0 and the bound, so that clients do not come back all at once.'),
});

const budget = z.strictObject({
  ratio: z.number().min(0).max(10).optional().describe('Retries allowed per request of the last window.'),
  window: duration.optional().describe('How far back requests count.'),
  minPerSecond: z.number().min(0).optional().describe('Retries always allowed, so that low traffic can retry.'),
});

/** When and how often a request is sent again. */
export const retry = z.strictObject({
  attempts: z.int().min(1).max(10).optional().describe('Attempts in all, the first one included. 1 turns retries off.'),
  backoff: backoff.optional().describe('How long to wait before each retry.'),
  budget: budget.optional().describe('How many retries there may be in all, so that they do not become a storm. One for the whole upstream.'),
  refused: z.boolean().optional().describe('Send again what the upstream refused (429, 503 with Retry-After, listed codes), whatever the method.'),
  maxWait: duration.optional().describe('The longest Retry-After that is waited for; a longer one ends the retrying.'),
  attemptsHeader: z.string().optional().describe('Request header by which a client says that it retries itself; such a request is not retried.'),
});

/** When a circuit breaker opens and for how long. */
export const breaker = z.strictObject({
  enabled: z.boolean().optional().describe('false turns it off here.'),
  group: z.string().optional().describe("Routes with the same group share one breaker; absent: the upstream's own."),
  consecutive: z.int().min(1).optional().describe('Failures in a row that open it.'),
  ratio: z.number().gt(0).max(1).optional().describe('Share of failed attempts in the window that opens it.'),
  window: duration.optional().describe('How far back attempts count for the ratio.'),
  minimum: z.int().min(1).optional().describe('Attempts in the window below which the ratio says nothing.'),
  openFor: duration.optional().describe('How long it stays open before a probe is let through.'),
  openMax: duration.optional().describe('Bound of the open time, which doubles with every failed probe.'),
  probes: z.int().min(1).optional().describe('Requests let through while half-open.'),
  probeTimeout: duration.optional().describe('After this a probe that has not reported counts as failed.'),
});

/** How many exchanges run at once. */
export const bulkhead = z.strictObject({
  concurrent: z.int().min(1).optional().describe('Exchanges under way at once.'),
  queue: count.optional().describe('Exchanges that may wait for a place.'),
});

export type TimeoutsConfig = z.output<typeof timeouts>;
export type RetryConfig = z.output<typeof retry>;
export type BreakerConfig = z.output<typeof breaker>;
export type BulkheadConfig = z.output<typeof bulkhead>;
