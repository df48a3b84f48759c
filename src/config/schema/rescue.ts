import { z } from 'zod';
import { duration, jsonPath, mode, oneOrMany, pattern, size, someTime, status } from './scalars.ts';

/** A second attempt beside a slow first one. */
export const hedge = z.strictObject({
  enabled: z.boolean().optional().describe('false turns it off here.'),
  after: z
    .union([z.string().regex(/^p(50|75|90|95|99)$/, 'expected a duration such as 200ms, or p50, p75, p90, p95 or p99'), duration])
    .optional()
    .describe("How long the first attempt may take before a second one is sent: a time, or a percentile of the route's own latency."),
  minimum: z.int().min(1).optional().describe('With a percentile: latencies that must be known before anything is hedged.'),
  max: z.int().min(1).max(3).optional().describe('More attempts beside the first.'),
  mode: mode.optional(),
});

/** Whether a download that broke off goes on where it broke. */
export const resume = z.strictObject({
  enabled: z.boolean().optional().describe('false turns it off here.'),
  attempts: z.int().min(1).max(20).optional().describe('Tries in a row that bring no byte; any byte starts the count again.'),
  mode: mode.optional(),
});

/** Conditions under which a fallback runs. `open` is an open breaker, `full` a full bulkhead or a pace that was exceeded. */
const KINDS = ['timeout', 'reset', 'refused', 'protocol', 'status', 'open', 'full'] as const;

const step = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]*$/)
      .optional()
      .describe('Name in the header x-breakwater-fallback and in metrics.'),
    stale: z.literal(true).optional().describe('A stale answer of the cache, as old as cache.staleIfError allows.'),
    status: status.optional().describe('A fixed answer: its status.'),
    headers: z.record(z.string(), z.string()).optional().describe('A fixed answer: its headers.'),
    body: z.string().optional().describe('A fixed answer: its body.'),
    origin: z
      .string()
      .regex(/^https?:\/\/[^/?#@\s]+\/?$/, 'expected an origin such as https://api.example.com, without a path')
      .optional()
      .describe('Ask another origin. It gets the same credentials.'),
    path: z
      .strictObject({
        from: pattern.describe('Regular expression on path and query.'),
        to: z.string().describe('What replaces it; $1 is its first group.'),
      })
      .optional()
      .describe('Ask for another path; left out where `from` does not match.'),
    unless: z
      .strictObject({
        json: oneOrMany(jsonPath).optional().describe('Paths into the JSON body of the request.'),
        path: pattern.optional().describe('Regular expression on the path.'),
      })
      .optional()
      .describe('Left out where the JSON body of the request has one of these values, or its path matches.'),
  })
  .refine((one) => [one.stale, one.status, one.origin ?? one.path].filter((way) => way !== undefined).length === 1, {
    message: 'expected one of stale, status, and origin or path',
  });

/** What answers when attempts have failed. */
export const fallback = z.strictObject({
  enabled: z.boolean().optional().describe('false turns it off here.'),
  on: z
    .array(z.union([z.enum(KINDS), status]))
    .optional()
    .describe('Failures that it answers for, and statuses that count as one here; absent: every failure, but no 4xx other than 429.'),
  steps: z.array(step).optional().describe('Tried in this order; the first that can answer does.'),
  mode: mode.optional(),
});

/** How the same request is kept from being sent twice when nobody knows what became of the first. */
export const resend = z.strictObject({
  enabled: z.boolean().optional().describe('false turns it off here.'),
  window: someTime('enabled: false turns it off').optional().describe('How long after it the same request counts as the client sending it again.'),
  lateAnswer: duration.optional().describe('How long a call whose time was up goes on, so that its answer can still be had. 0: not at all.'),
  onUnknown: z.enum(['send', 'hold']).optional().describe('Where no answer ever came: let the client send it again, or answer that it is unknown.'),
  maxAnswer: size.optional().describe('Answers up to this are kept.'),
  maxEntries: z.int().min(1).optional().describe('Requests that are remembered at once.'),
  mode: mode.optional(),
});

/** When a second attempt is sent beside the first. Times in milliseconds. */
export type HedgeConfig = z.output<typeof hedge>;
/** How a download that broke off goes on. Times in milliseconds. */
export type ResumeConfig = z.output<typeof resume>;
/** What answers where the upstream does not, step by step. */
export type FallbackConfig = z.output<typeof fallback>;
/** One thing to try instead. */
export type FallbackStep = z.output<typeof step>;
/** How a second send is kept from being made. Times in milliseconds. */
export type ResendConfig = z.output<typeof resend>;
