import { z } from 'zod';
import { classify, errors, pushback } from './answers.ts';
import { cache, invalidate } from './cache.ts';
import { fault, guard, pace, patience } from './conduct.ts';
import { breaker, bulkhead, quota, retry, timeouts } from './policies.ts';
import { fallback, hedge, resend, resume } from './rescue.ts';
import { oneOrMany, scalar } from './scalars.ts';

/** Settings that stand on an upstream and on its routes alike. */
export const cascading = {
  timeouts: timeouts.optional().describe('Time limits of an exchange and its attempts.'),
  retry: retry.optional().describe('When and how often a request is sent again.'),
  breaker: breaker.optional().describe('When the upstream is left alone, and for how long.'),
  quota: quota.optional().describe('What a used-up quota stops, and what goes on.'),
  cache: cache.optional().describe('What is stored, for how long and for whom; {} is RFC 9111 without overrides.'),
  errors: errors.optional().describe('How errors are answered.'),
  hedge: hedge.optional().describe('A second attempt beside a slow first one.'),
  resume: resume.optional().describe('A download that broke off goes on where it broke.'),
  fallback: fallback.optional().describe('What answers when attempts have failed.'),
  resend: resend.optional().describe('Keeps the same request from being sent twice when nobody knows what became of the first.'),
  patience: patience.optional().describe('Learns how long clients wait.'),
  guard: guard.optional().describe('What a stream must hold to count as begun and as complete.'),
  pace: z.array(pace).optional().describe("How fast requests go out; a route's list replaces the upstream's."),
  faults: z.array(fault).optional().describe("Failures to rehearse; a route's list replaces the upstream's. Never leave them on."),
  classify: z.array(classify).optional().describe("What the upstream's answers mean, first match wins; before the rules for statuses."),
  pushback: z.array(pushback).optional().describe('Where an answer says how long to wait, first match wins. Retry-After is always read.'),
  repeatable: z.boolean().optional().describe('A request of this route may be sent twice, whatever its method.'),
  streaming: z.boolean().optional().describe('`idle` bounds the answer instead of `total`.'),
};

/** What a route matches; all conditions have to hold. */
export const match = z.strictObject({
  method: oneOrMany(z.string().regex(/^[A-Z]+$/, 'expected a method in capitals such as GET'))
    .optional()
    .describe('Methods, in capitals.'),
  host: oneOrMany(z.string()).optional().describe('Hosts of the request; `*.example.com` takes every subdomain.'),
  path: oneOrMany(z.string().startsWith('/')).optional().describe('Template: /v1/{name}/x; {name:regex}; a final /** takes the rest.'),
  header: z.record(z.string(), z.string()).optional().describe('Request headers, by exact value; `*` is any value, /.../ a regular expression.'),
  query: z.record(z.string(), z.string()).optional().describe('Query parameters, as for header.'),
  json: z.record(z.string(), scalar).optional().describe('Values in the JSON body of the request: { status: read }; "*" is any.'),
});

/** One route of an upstream. */
export const route = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/)
    .optional()
    .describe('Name in metrics; a route of the same name in the preset is changed instead of added.'),
  match: match.describe('What the route takes; all conditions have to hold.'),
  ...cascading,
  bulkhead: bulkhead.optional().describe("Places of this route alone, besides the upstream's."),
  invalidate: invalidate.optional().describe('What a write on this route drops from the cache.'),
});

/** One route of an upstream. */
export type RouteConfig = z.output<typeof route>;
/** What a route matches. */
export type MatchConfig = z.output<typeof match>;
