import { z } from 'zod';
import { parseRate, RATE_PATTERN } from '../units.ts';
import { duration, jsonPath, mode, oneOrMany, pattern, scopePart, size, someTime, status } from './scalars.ts';

/** Whether it is learned how long clients wait. */
export const patience = z.strictObject({
  enabled: z.boolean().optional().describe('false turns it off here.'),
  minimum: z.int().min(2).max(16).optional().describe('Departures after about the same time that show how long clients wait.'),
  margin: duration.optional().describe('No retry starts later than this before clients are known to leave.'),
  mode: mode.optional(),
});

/** What a stream must hold to count as begun and as complete. */
export const guard = z.strictObject({
  enabled: z.boolean().optional().describe('false turns it off here.'),
  stream: z
    .literal('sse')
    .optional()
    .describe('Server-sent events: the answer begins for the client with its first event; before it, it can be retried.'),
  firstEvent: someTime('leave it out: timeouts.headers holds then')
    .optional()
    .describe('How long the first event may take after the head; absent: timeouts.headers. Never longer than timeouts.total.'),
  terminator: oneOrMany(jsonPath)
    .optional()
    .describe('Paths into the JSON of the events, one of which a complete stream has had: candidates[*].finishReason'),
  done: pattern.optional().describe('Regular expression for the data of the event that ends a complete stream: ^\\[DONE\\]$'),
  error: jsonPath.optional().describe('Path to the status in an event that tells an error; absent: error.code.'),
  mode: mode.optional(),
});

/** How fast requests go out, for each value of a key. */
export const pace = z.strictObject({
  name: z.string().optional().describe('Name in messages.'),
  key: z
    .array(scopePart)
    .optional()
    .describe(
      'Values of the request that have a pace of their own: {placeholder} of the path, json:PATH, header:NAME, path:EXPRESSION, credential, authority. A request that lacks one is not paced.',
    ),
  rate: z
    .string('expected a rate such as 80/s, 600/m or 1/6s')
    .regex(new RegExp(RATE_PATTERN), 'expected a rate such as 80/s, 600/m or 1/6s')
    .refine((text) => parseRate(text) !== undefined, 'expected a rate above 0, such as 80/s, 600/m or 1/6s')
    .transform((text) => parseRate(text) ?? 0)
    .meta({ title: 'rate' })
    .describe('Requests in the long run.'),
  burst: z.int().min(1).optional().describe('Requests that may go at once after a pause.'),
  maxWait: duration
    .optional()
    .describe('A request that would have to wait longer is refused with Retry-After; 0: each that would have to wait at all.'),
  maxKeys: z.int().min(1).optional().describe('Values that are kept apart; the one used longest ago is forgotten first.'),
  hold: z
    .strictObject({
      codes: z
        .array(z.union([z.string(), status]).transform(String))
        .describe("Names from classify, failure codes or statuses that say that the value's limit was reached."),
      base: someTime('leave it out for the default, or hold for no rest')
        .optional()
        .describe('How long the value rests then; grows with each time in a row.'),
      factor: z.number().min(1).optional().describe('How much longer the value rests each time in a row.'),
      max: someTime('leave it out for the default, or hold for no rest').optional().describe('Bound of the rest.'),
    })
    .optional()
    .describe('Rests a value after the upstream said that its limit was reached.'),
  mode: mode.optional(),
});

/** A failure to rehearse. */
export const fault = z
  .strictObject({
    name: z.string().optional().describe('Name in messages, and in x-breakwater-fault.'),
    percent: z.number().min(0).max(100).optional().describe('Share of the attempts that it strikes; absent: all.'),
    header: z.boolean().optional().describe('Strikes only requests with x-breakwater-fault: on, or its name.'),
    delay: z
      .union([duration, z.strictObject({ min: duration.describe('The shortest wait.'), max: duration.describe('The longest wait.') })])
      .optional()
      .describe('Wait before the attempt, fixed or anywhere between.'),
    abort: status.optional().describe('Answer with this status instead of asking the upstream.'),
    reset: z.boolean().optional().describe('Break the connection after the request instead of an answer.'),
    cut: size.optional().describe('Break the answer off after so many bytes of its body.'),
    mode: mode.optional(),
  })
  .refine((one) => [one.delay, one.abort, one.reset, one.cut].some((way) => way !== undefined), {
    message: 'expected one of delay, abort, reset and cut',
  });

/** How a route learns how long its clients wait. Times in milliseconds. */
export type PatienceConfig = z.output<typeof patience>;
/** How event streams are watched over. Times in milliseconds. */
export type GuardConfig = z.output<typeof guard>;
/** One limit that is kept on the way out. Times in milliseconds. */
export type PaceConfig = z.output<typeof pace>;
/** One fault that is injected on purpose. Times in milliseconds. */
export type FaultConfig = z.output<typeof fault>;
