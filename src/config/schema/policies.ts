import { z } from 'zod';
import { count, duration, jsonPath, mode, oneOrMany, scopePart, someTime, status } from './scalars.ts';

/** What tells requests apart that fail, or are limited, apart. */
const scope = z.array(scopePart).min(1);

const noLimit = someTime("for no limit leave it out, or write null in the place of a preset's");
/** One that has a default: left out, that holds. */
const someLimit = someTime('for next to none write a long one, such as 1d');

/** Time limits of an exchange and its attempts. */
export const timeouts = z.strictObject({
  queue: duration.optional().describe('Wait for a free place (bulkhead, connection pool). 0: not at all.').meta({ absent: '5s' }),
  dns: noLimit.optional().describe('Name lookup; part of connect where absent.'),
  connect: someLimit.optional().describe('Until the TCP connection stands.').meta({ absent: '5s' }),
  tls: someLimit.optional().describe('TLS handshake.').meta({ absent: '5s' }),
  send: someLimit.optional().describe('While the request is being written, without the upstream taking any of it.').meta({ absent: '30s' }),
  headers: someLimit
    .optional()
    .describe('From the request being written to the head of the answer; interim responses (1xx) do not prolong it.')
    .meta({ absent: '1m' }),
  idle: someLimit
    .optional()
    .describe('Between two pieces of the body of the answer; after an upgrade (WebSocket), without a byte in either direction.')
    .meta({ absent: '1m' }),
  attempt: noLimit.optional().describe('One attempt, up to the end of its answer.'),
  total: noLimit
    .optional()
    .describe('Everything, with all attempts and waits. With `streaming: true`, up to the head of the answer; with `guard`, up to its first event.'),
  deadlineHeader: z
    .string()
    .optional()
    .describe(
      'Request header by which a client says how long it waits, in seconds or as a duration: X-Server-Timeout. It lowers total; where that is less than half and runs out first, the breaker takes it as it does a client that left.',
    ),
});

const backoff = z.strictObject({
  base: duration.optional().describe('Upper bound of the first wait; doubles with each attempt.').meta({ absent: '100ms' }),
  max: duration.optional().describe('Upper bound of any wait.').meta({ absent: '2s' }),
  jitter: z
    .enum(['full', 'decorrelated', 'none'])
    .optional()
    .describe('full: anywhere between 0 and the bound, so that clients do not come back all at once.')
    .meta({ absent: 'full' }),
});

const budget = z.strictObject({
  ratio: z.number().min(0).max(10).optional().describe('Retries allowed per request of the last window.').meta({ absent: 0.2 }),
  window: someTime('for no retries beyond minPerSecond write ratio: 0').optional().describe('How far back requests count.').meta({ absent: '10s' }),
  minPerSecond: z.number().min(0).optional().describe('Retries always allowed, so that low traffic can retry.').meta({ absent: 3 }),
});

/** When and how often a request is sent again. */
export const retry = z.strictObject({
  attempts: z.int().min(1).max(10).optional().describe('Attempts in all, the first one included. 1 turns retries off.').meta({ absent: 3 }),
  backoff: backoff.optional().describe('How long to wait before each retry.'),
  budget: budget.optional().describe('How many retries there may be in all, so that they do not become a storm. One for the whole upstream.'),
  refused: z
    .boolean()
    .optional()
    .describe('Send again what the upstream refused (429, 503 with Retry-After, listed codes), whatever the method.')
    .meta({ absent: false }),
  maxWait: duration
    .optional()
    .describe('The longest Retry-After that is waited for; a longer one ends the retrying. 0: none is.')
    .meta({ absent: '1m' }),
  attemptsHeader: oneOrMany(z.string())
    .optional()
    .describe('Request headers by which a client says that it retries itself; a request with one (above 0) is not retried.'),
  patientLast: z
    .boolean()
    .optional()
    .describe('The last attempt has all the time that `total` leaves, not just `headers` and `attempt`.')
    .meta({ absent: false }),
  resends: duration
    .optional()
    .describe('A request like one that failed this long ago is taken for a retry by the client, and charged to the budget; 0 turns it off.')
    .meta({ absent: '30s' }),
  mode: mode.optional(),
});

/** When a circuit breaker opens and for how long. */
export const breaker = z.strictObject({
  enabled: z.boolean().optional().describe('false turns it off here.'),
  group: z
    .string()
    .optional()
    .describe("Routes with the same group share one breaker; absent: the upstream's own, or one of the route's own where its settings differ."),
  consecutive: z.int().min(1).optional().describe('Failures in a row that open it.').meta({ absent: 5 }),
  ratio: z.number().gt(0).max(1).optional().describe('Share of failed attempts in the window that opens it.'),
  window: someTime('leave it and ratio out to open on failures in a row alone')
    .optional()
    .describe('How far back attempts count for the ratio.')
    .meta({ absent: '10s' }),
  minimum: z.int().min(1).optional().describe('Attempts in the window below which the ratio says nothing.').meta({ absent: 10 }),
  openFor: someTime('mode: observe refuses nothing')
    .optional()
    .describe('How long it stays open before a probe is let through.')
    .meta({ absent: '1m' }),
  openMax: duration
    .optional()
    .describe('Bound of the open time, which doubles with every failed probe; openFor where that is longer than the default.')
    .meta({ absent: '5m' }),
  probes: z.int().min(1).optional().describe('Requests let through while half-open.').meta({ absent: 1 }),
  probeTimeout: someTime('leave it out: it then is what the route gives an attempt')
    .optional()
    .describe(
      'After this a probe that has not reported counts as failed. 30s where absent, or what the route gives an attempt where that is longer.',
    ),
  slowCall: z
    .strictObject({
      after: someTime('leave slowCall out to call no answer slow').describe('An attempt whose answer takes longer to begin is slow.'),
      ratio: z.number().gt(0).max(1).optional().describe('Share of slow attempts in the window that opens it.'),
    })
    .optional()
    .describe('Slow attempts count too, for a ratio of their own.'),
  ramp: duration
    .optional()
    .describe('After closing, how long until all requests are let through again; the share grows evenly.')
    .meta({ absent: '0' }),
  scope: scope.optional().describe('What has a breaker of its own: `authority` where absent.'),
  mode: mode.optional(),
});

/** What a used-up quota stops: see `quota` of a classify rule. */
export const quota = z.strictObject({
  scope: scope.optional().describe('What a quota belongs to; `authority`, `credential` and `model` where absent. Others go on.'),
  mode: mode.optional(),
});

/** How many exchanges run at once. */
export const bulkhead = z.strictObject({
  concurrent: z.int().min(1).optional().describe('Exchanges under way at once.'),
  queue: count.optional().describe('Exchanges that may wait for a place.').meta({ absent: 0 }),
  adaptive: z
    .strictObject({
      min: z.int().min(1).optional().describe('Never fewer places than this.'),
      max: z.int().min(1).optional().describe('Never more places than this.'),
      tolerance: z
        .number()
        .min(1)
        .max(10)
        .optional()
        .describe('How many times its usual latency the upstream may take before places are taken away.'),
    })
    .optional()
    .describe('Finds the number of places by the latency of the answers. Of use from some ten requests a second on.'),
  mode: mode.optional(),
});

/** Requests of our own that ask an upstream how it is. */
export const probe = z.strictObject({
  path: z.string().startsWith('/').describe('A path that costs nothing.'),
  method: z.enum(['GET', 'HEAD', 'OPTIONS']).optional().describe('How it is asked for.').meta({ absent: 'GET' }),
  headers: z.record(z.string(), z.string()).optional().describe('Request headers: { apikey: ${SUPABASE_ANON_KEY} }.'),
  every: someTime('leave probe out for none').optional().describe('Time between two probes.').meta({ absent: '10s' }),
  when: z
    .enum(['always', 'open'])
    .optional()
    .describe('open: only while a breaker of the upstream is not closed, to end its open time early.')
    .meta({ absent: 'always' }),
  timeout: someTime('leave it out for the default').optional().describe('For one probe.').meta({ absent: '3s' }),
  failures: z.int().min(1).optional().describe('Failed probes in a row that open the breakers of the host.').meta({ absent: 2 }),
  expect: z
    .strictObject({
      status: oneOrMany(status).optional().describe('Statuses that are good; any below 500 where absent.'),
      header: z.string().optional().describe('The answer has this header.'),
      json: jsonPath.optional().describe('The JSON body has a value here: error.code.'),
    })
    .optional()
    .describe('What a good answer is; all conditions have to hold.'),
});

/** The time limit of each phase, of an attempt and of the whole, in milliseconds; an absent one does not hold. */
export type TimeoutsConfig = z.output<typeof timeouts>;
/** What is tried again, how often, and how long after. Times in milliseconds. */
export type RetryConfig = z.output<typeof retry>;
/** When a breaker opens, and for how long. Times in milliseconds. */
export type BreakerConfig = z.output<typeof breaker>;
/** How many exchanges run at once, and how many may wait. */
export type BulkheadConfig = z.output<typeof bulkhead>;
/** What a used-up quota belongs to. */
export type QuotaConfig = z.output<typeof quota>;
/** What an active probe asks for, how often, and what a good answer is. Times in milliseconds. */
export type ProbeConfig = z.output<typeof probe>;
