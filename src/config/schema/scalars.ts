import { z } from 'zod';
import { parseJsonPath } from '../../model/json-path.ts';
import { DURATION_PATTERN, parseDuration, parseSize, SIZE_PATTERN } from '../units.ts';

// a configuration is parsed once: to compile a parser for it costs more than it saves
z.config({ jitless: true });

/** A duration in the file, 0 with a unit or without; milliseconds after parsing. */
export const duration = z
  .preprocess(
    (value) => (value === 0 ? '0' : value),
    z
      .string('expected a duration such as 250ms, 5s or 2m')
      .regex(new RegExp(DURATION_PATTERN), 'expected a duration such as 250ms, 5s or 2m')
      .transform((text) => parseDuration(text) ?? 0),
  )
  .meta({ title: 'duration' });
/** A duration where none at all would mean nothing; milliseconds after parsing. `instead`: what to write for what was probably meant. */
export const someTime = (instead?: string) =>
  duration
    .refine((ms) => ms > 0, { message: 'expected a time above 0, such as 5s', params: { hint: instead } })
    .meta({ title: 'duration', exclusiveMinimum: 0 });
/** A size in the file; bytes after parsing. */
export const size = z
  .string()
  .regex(new RegExp(SIZE_PATTERN), 'expected a size such as 512KiB or 1MiB')
  .transform((text) => parseSize(text) ?? 0)
  .meta({ title: 'size' });
/** A TCP port; 0 takes any free one. */
export const port = z.int().min(0).max(65535);
/** A whole number from 0. */
export const count = z.int().min(0);
/** An HTTP status. */
export const status = z.int().min(100).max(599);
/** One value or a list of them; a list after parsing. */
export const oneOrMany = <T extends z.ZodType>(item: T) =>
  z.union([z.array(item), item]).transform((value) => (Array.isArray(value) ? value : [value]));

/** A plain value, compared as text. */
export const scalar = z.union([z.string(), z.number(), z.boolean()]);

/** Whether a policy acts, or only counts what it would have done. */
export const mode = z.enum(['enforce', 'observe']).describe('observe: act as if it were not there, and count what it would have done.');

/** A regular expression. */
export const pattern = z.string().refine(isRegExp, 'expected a regular expression');

/** A path into a JSON document. */
export const jsonPath = z
  .string()
  .refine((text) => parseJsonPath(text) !== undefined, 'expected a path such as error.code or candidates[*].finishReason');

/** A value of a request, as a part of a scope or key. What it names is checked with the routes at hand. */
export const scopePart = z
  .string()
  .regex(
    /^(authority|credential|\{[A-Za-z_]\w*\}|[A-Za-z_]\w*|header:.+|json:.+|path:.+)$/,
    'expected authority, credential, a {name} of the path template, header:NAME, json:PATH or path:EXPRESSION',
  );

function isRegExp(text: string): boolean {
  try {
    return new RegExp(text).source !== '';
  } catch {
    return false;
  }
}

/** Where to listen. */
export const listen = z.strictObject({
  host: z.string().default('127.0.0.1').describe('Address to listen on. Keep it on loopback: whoever reaches it uses your credentials.'),
  port: port.describe('Port to listen on; 0 takes any free one.'),
});
