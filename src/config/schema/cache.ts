import { z } from 'zod';
import { duration, mode, oneOrMany, size, someTime, status } from './scalars.ts';

/** What is stored, for how long and for whom. */
export const cache = z.strictObject({
  enabled: z.boolean().optional().describe('false turns it off here.'),
  mode: mode.optional(),
  ttl: duration.optional().describe('Freshness where the origin says nothing of use. Never beats private, no-store or Set-Cookie.'),
  ignoreOrigin: z.boolean().optional().describe('With ttl: also beat max-age and no-cache of the origin.'),
  force: z.boolean().optional().describe('With ttl: also beat private, no-store and Set-Cookie. The credentials stay in the key.'),
  statuses: z.array(status).optional().describe('Statuses to which ttl applies.'),
  negativeTtl: duration.optional().describe('Freshness of 404 and 410 without any of their own.'),
  staleIfError: duration.optional().describe('How long past its freshness an answer is used when the upstream fails.'),
  staleWhileRevalidate: duration.optional().describe('How long past its freshness an answer is used while a new one is fetched.'),
  coalesce: z.boolean().optional().describe('One upstream request for concurrent identical misses.'),
  shared: z.boolean().optional().describe('Leave the fields that carry credentials out of the key: one answer for all users.'),
  sortQuery: z.boolean().optional().describe('The order of query parameters does not matter; those of one name keep theirs.'),
  keyHeaders: z.array(z.string()).optional().describe('More request headers that select the answer.'),
  maxEntry: size.optional().describe('Answers above this are not stored.'),
  tags: z.array(z.string()).optional().describe('Surrogate keys; {name} is replaced from the path template.'),
});

/** What is asked for ahead of the clients that are going to ask for it. */
export const prefetch = z.strictObject({
  enabled: z.boolean().optional().describe('false turns it off here.'),
  mode: mode.optional(),
  learn: z.boolean().optional().describe('Learns from what clients do which request follows which answer; absent: true.'),
  chains: z
    .array(
      z.strictObject({
        after: z.string().startsWith('/').describe('Path of the request before, as in match.path: /rest/v1/messages.'),
        ask: oneOrMany(
          z.union([
            z
              .string()
              .startsWith('/')
              .transform((path) => ({ path, headers: undefined })),
            z.strictObject({
              path: z.string().startsWith('/').describe('Path and query to ask for, as under ask.'),
              headers: z.record(z.string(), z.string()).optional().describe('Request fields of its own, such as accept.'),
            }),
          ]),
        ).describe(
          'Path and query to ask for then: /rest/v1/accounts?id=eq.{account_id}. {field} is taken from each row of the answer, {?name} from the query of the request before.',
        ),
      }),
    )
    .optional()
    .describe('Requests that follow others, known beforehand.'),
  within: someTime('enabled: false turns it off')
    .optional()
    .describe('How long an answer waits for its request, and how soon a request comes after an answer to follow from it.'),
  rows: z.int().min(1).max(100).optional().describe('Rows of one answer that are followed.'),
  concurrent: z.int().min(1).optional().describe('Requests ahead that are under way at once.'),
  depth: z.int().min(1).max(10).optional().describe('Chains in a row that are followed before a client asks.'),
  maxEntry: size.optional().describe('Answers above this are not kept.'),
});

/** What a write on a route drops from the cache. */
export const invalidate = z.strictObject({
  tags: z.array(z.string()).optional().describe('Tags dropped by a write on this route.'),
  all: z.boolean().optional().describe('A write on this route drops every cached answer of the upstream.'),
  none: z.boolean().optional().describe('A request on this route drops nothing, whatever its method.'),
});

/** Where paths name tables, for reads and the writes that drop them. */
export const tables = z.strictObject({
  path: z.string().startsWith('/').describe('Where a path names its table: /rest/v1/{table}. Reads are tagged with it and writes drop it.'),
  embeds: z.string().optional().describe('Query parameter that names embedded tables: select.'),
  also: z.record(z.string(), z.array(z.string())).optional().describe('Views and children that a write on a table drops too.'),
  junctions: z
    .array(z.string())
    .optional()
    .describe(
      'All tables that join others many to many, for embeds without a !hint; []: none does. Absent: any may, so that a write to any table drops reads with such an embed.',
    ),
});

/** What is stored of the answers, and for how long. Times in milliseconds. */
export type CacheConfig = z.output<typeof cache>;
/** What is asked for ahead. Times in milliseconds. */
export type PrefetchConfig = z.output<typeof prefetch>;
/** Which table an answer belongs to. */
export type TablesConfig = z.output<typeof tables>;
/** What a write of a route drops besides what it names itself. */
export type InvalidateConfig = z.output<typeof invalidate>;
