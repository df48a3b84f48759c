import { z } from 'zod';
import { duration, oneOrMany, scalar, status } from './scalars.ts';

const CLASSES = ['unsent', 'refused', 'ambiguous', 'answered'] as const;
const condition = {
  status: oneOrMany(status).optional().describe('Statuses that it looks at; absent: all from 400.'),
  json: z.string().optional().describe('Path into the JSON body of the answer: error.code, error.details[*].retryDelay'),
  header: z.string().optional().describe('Header of the answer.'),
  in: oneOrMany(scalar).optional().describe('The value is one of these.'),
  matches: z.string().optional().describe('The value matches this regular expression.'),
};
/** What an answer of the upstream means. */
export const classify = z.strictObject({
  ...condition,
  as: z.enum(CLASSES).describe('unsent, refused: nothing was done, send it again; ambiguous: only if repeatable; answered: never.'),
  breaker: z.enum(['count', 'ignore', 'soft']).optional().describe('Whether it counts against the upstream; soft: for the ratio only.'),
  code: z.string().optional().describe('Name of this case in metrics and log.'),
  quota: z
    .strictObject({
      until: z.enum(['midnight-pacific', 'midnight-utc', 'retry-after', 'duration']).describe('When it can be used again.'),
      for: duration.optional().describe('With `duration`: how long; with `retry-after`: how long where the answer does not say, 0: not at all.'),
    })
    .refine(({ until, for: ms }) => until !== 'duration' || ms !== 0, {
      path: ['for'],
      message: 'expected a time above 0, such as 5s',
      params: { hint: 'leave quota out where nothing is used up' },
    })
    .optional()
    .describe('A quota is used up: requests of the same scope are answered at once until then, others go on.'),
});
/** Where an answer says how long to wait. */
export const pushback = z
  .strictObject({
    header: z.string().optional().describe('Header of the answer.'),
    json: z
      .string()
      .optional()
      .describe('Path into the JSON body of the answer; with `header`, into the JSON in that: then the longest wait counts, and 0 is none.'),
    format: z
      .enum(['retry-after', 'duration', 'seconds', 'milliseconds', 'minutes', 'unix'])
      .optional()
      .describe('How it is written; absent: retry-after in a header, duration (26s) in JSON. unix: a time in seconds.'),
    quotaOnly: z
      .boolean()
      .optional()
      .describe('It says how long a quota is used up (classify[].quota) and nothing of other requests: no retry and no breaker goes by it.'),
  })
  .refine(({ header, json }) => header !== undefined || json !== undefined, { message: 'expected header, json or both' });

/** Where answers say how much of a limit is used up. */
export const usage = z.strictObject({
  header: z.string().describe('Header of the answers, JSON in it.'),
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/)
    .describe('First part of `kind` in the metric, as `app` in `app_call_count`.'),
  percent: z
    .record(z.string().regex(/^[a-z][a-z0-9_]*$/), z.string())
    .describe('Paths into the JSON to how much is used, in percent, by the second part of `kind`. Of several values the highest counts.'),
});

/** How errors are answered. */
export const errors = z.strictObject({
  dialect: z
    .enum(['problem', 'google', 'graph', 'postgrest', 'gotrue', 'storage'])
    .optional()
    .describe('Shape of the error bodies that Breakwater makes.'),
  code: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/)
    .optional()
    .describe('Prefix of the stable codes: `gemini` gives gemini_timeout, gemini_unavailable.'),
  status: z.record(z.string(), status).optional().describe('Other statuses for our own errors, by failure code or by status: { 503: 504 }.'),
  rewrite: z.record(z.string(), status).optional().describe("Other statuses for the upstream's own answers: { 520: 502 }."),
});

/** What an answer means that a rule names by status, header or document, once it has been checked. Times in milliseconds. */
export type ClassifyRule = z.output<typeof classify>;
/** Where an upstream says how long it wants to be left alone. */
export type PushbackRule = z.output<typeof pushback>;
/** Where an upstream says how much of a limit is used up. */
export type UsageConfig = z.output<typeof usage>;
/** How answers of ours for failures look. */
export type ErrorsConfig = z.output<typeof errors>;
