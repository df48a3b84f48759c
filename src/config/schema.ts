import { z } from 'zod';
import { DURATION_PATTERN, parseDuration, parseSize, SIZE_PATTERN } from './units.ts';

/**
 * The whole configuration, version 1. What a user may write stands here and nowhere else: types, ranges and the sentence that the
 * JSON Schema shows in an editor. Settings that cascade (`timeouts`, `retry`, ...) may stand on an upstream and on its routes; a route's
 * keys replace the upstream's one by one. After parsing, durations are milliseconds and sizes are bytes.
 */

const duration = z
  .string()
  .regex(new RegExp(DURATION_PATTERN), 'expected a duration such as 250ms, 5s or 2m')
  .transform((text) => parseDuration(text) ?? 0)
  .meta({ title: 'duration' });
const size = z
  .string()
  .regex(new RegExp(SIZE_PATTERN), 'expected a size such as 512KiB or 1MiB')
  .transform((text) => parseSize(text) ?? 0)
  .meta({ title: 'size' });
const port = z.int().min(0).max(65535);
const count = z.int().min(0);
const status = z.int().min(100).max(599);
const oneOrMany = <T extends z.ZodType>(item: T) => z.union([z.array(item), item]).transform((value) => (Array.isArray(value) ? value : [value]));

const listen = z.strictObject({
  host: z.string().default('127.0.0.1').describe('Address to listen on. Keep it on loopback: whoever reaches it uses your credentials.'),
  port: port.describe('Port to listen on; 0 takes any free one.'),
});

const timeouts = z.strictObject({
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
  jitter: z.enum(['full', 'decorrelated', 'none']).optional(),
});

const budget = z.strictObject({
  ratio: z.number().min(0).max(10).optional().describe('Retries allowed per request of the last window.'),
  window: duration.optional(),
  minPerSecond: z.number().min(0).optional().describe('Retries always allowed, so that low traffic can retry.'),
});

const retry = z.strictObject({
  attempts: z.int().min(1).max(10).optional().describe('Attempts in all, the first one included. 1 turns retries off.'),
  backoff: backoff.optional(),
  budget: budget.optional(),
  refused: z.boolean().optional().describe('Send again what the upstream refused (429, 503 with Retry-After, listed codes), whatever the method.'),
  maxWait: duration.optional().describe('The longest Retry-After that is waited for; a longer one ends the retrying.'),
  attemptsHeader: z.string().optional().describe('Request header by which a client says that it retries itself; such a request is not retried.'),
});

const breaker = z.strictObject({
  enabled: z.boolean().optional(),
  group: z.string().optional().describe('Routes with the same group share one breaker; absent: the upstream\'s own.'),
  consecutive: z.int().min(1).optional().describe('Failures in a row that open it.'),
  ratio: z.number().gt(0).max(1).optional().describe('Share of failed attempts in the window that opens it.'),
  window: duration.optional(),
  minimum: z.int().min(1).optional().describe('Attempts in the window below which the ratio says nothing.'),
  openFor: duration.optional().describe('How long it stays open before a probe is let through.'),
  openMax: duration.optional().describe('Bound of the open time, which doubles with every failed probe.'),
  probes: z.int().min(1).optional().describe('Requests let through while half-open.'),
  probeTimeout: duration.optional().describe('After this a probe that has not reported counts as failed.'),
});

const bulkhead = z.strictObject({
  concurrent: z.int().min(1).optional().describe('Exchanges under way at once.'),
  queue: count.optional().describe('Exchanges that may wait for a place.'),
});

const cache = z.strictObject({
  enabled: z.boolean().optional(),
  ttl: duration.optional().describe('Freshness where the origin says nothing of use. Never beats private, no-store or Set-Cookie.'),
  ignoreOrigin: z.boolean().optional().describe('With ttl: also beat max-age and no-cache of the origin.'),
  statuses: z.array(status).optional().describe('Statuses to which ttl applies.'),
  negativeTtl: duration.optional().describe('Freshness of 404 and 410 without any of their own.'),
  staleIfError: duration.optional(),
  staleWhileRevalidate: duration.optional(),
  coalesce: z.boolean().optional().describe('One upstream request for concurrent identical misses.'),
  shared: z.boolean().optional().describe('Leave the credentials out of the key: one answer for all users.'),
  sortQuery: z.boolean().optional(),
  keyHeaders: z.array(z.string()).optional().describe('More request headers that select the answer.'),
  maxEntry: size.optional().describe('Answers above this are not stored.'),
  tags: z.array(z.string()).optional().describe('Surrogate keys; {name} is replaced from the path template.'),
});

const CLASSES = ['unsent', 'refused', 'ambiguous', 'answered'] as const;
const scalar = z.union([z.string(), z.number(), z.boolean()]);
const condition = {
  status: oneOrMany(status).optional(),
  json: z.string().optional().describe('Path into the JSON body of the answer: error.code, error.details[*].retryDelay'),
  header: z.string().optional(),
  in: oneOrMany(scalar).optional().describe('The value is one of these.'),
  matches: z.string().optional().describe('The value matches this regular expression.'),
};
const classify = z.strictObject({
  ...condition,
  as: z.enum(CLASSES),
  breaker: z.enum(['count', 'ignore', 'soft']).optional().describe('Whether it counts against the upstream; soft: for the ratio only.'),
  code: z.string().optional().describe('Name of this case in metrics and log.'),
});
const pushback = z.strictObject({
  header: z.string().optional(),
  json: z.string().optional(),
  format: z.enum(['retry-after', 'duration', 'seconds', 'milliseconds', 'minutes', 'unix']).optional(),
});

const errors = z.strictObject({
  dialect: z.enum(['problem', 'google', 'graph', 'postgrest', 'gotrue', 'storage']).optional().describe('Shape of the error bodies that Breakwater makes.'),
  code: z.string().regex(/^[a-z][a-z0-9_]*$/).optional().describe('Prefix of the stable codes: `gemini` gives gemini_timeout, gemini_unavailable.'),
  status: z.record(z.string(), status).optional().describe('Other statuses for our own errors, by failure code or by status: { 503: 504 }.'),
  rewrite: z.record(z.string(), status).optional().describe('Other statuses for the upstream\'s own answers: { 520: 502 }.'),
});

/** Settings that stand on an upstream and on its routes alike. */
const cascading = {
  timeouts: timeouts.optional(),
  retry: retry.optional(),
  breaker: breaker.optional(),
  cache: cache.optional(),
  errors: errors.optional(),
  classify: z.array(classify).optional().describe('What the upstream\'s answers mean, first match wins; before the rules for statuses.'),
  pushback: z.array(pushback).optional().describe('Where an answer says how long to wait, first match wins. Retry-After is always read.'),
  repeatable: z.boolean().optional().describe('A request of this route may be sent twice, whatever its method.'),
  streaming: z.boolean().optional().describe('`idle` bounds the answer instead of `total`.'),
};

const match = z.strictObject({
  method: oneOrMany(z.string().regex(/^[A-Z]+$/, 'expected a method in capitals such as GET')).optional(),
  host: oneOrMany(z.string()).optional(),
  path: oneOrMany(z.string().startsWith('/')).optional().describe('Template: /v1/{name}/x; {name:regex}; a final /** takes the rest.'),
  header: z.record(z.string(), z.string()).optional().describe('Request headers, by exact value; `*` is any value, /.../ a regular expression.'),
  query: z.record(z.string(), z.string()).optional(),
  json: z.record(z.string(), scalar).optional().describe('Values in the JSON body of the request: { status: read }; "*" is any.'),
});

const invalidate = z.strictObject({
  tags: z.array(z.string()).optional().describe('Tags dropped by a write on this route.'),
  all: z.boolean().optional().describe('A write on this route drops every cached answer of the upstream.'),
  none: z.boolean().optional().describe('A request on this route drops nothing, whatever its method.'),
});

const route = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/).optional().describe('Name in metrics; a route of the same name in the preset is changed instead of added.'),
  match,
  ...cascading,
  invalidate: invalidate.optional(),
});

const tables = z.strictObject({
  path: z.string().startsWith('/').describe('Where a path names its table: /rest/v1/{table}. Reads are tagged with it and writes drop it.'),
  embeds: z.string().optional().describe('Query parameter that names embedded tables: select.'),
  also: z.record(z.string(), z.array(z.string())).optional().describe('Views and children that a write on a table drops too.'),
});

const upstream = z.strictObject({
  preset: z.string().optional(),
  origin: z
    .string()
    .regex(/^https?:\/\/[^/?#@\s]+\/?$/, 'expected an origin such as https://api.example.com, without a path')
    .optional(),
  hosts: z.array(z.string()).optional().describe('More hosts that belong to it; `*.example.com` takes every subdomain.'),
  listen: listen.optional().describe('A port of its own; the path is kept whole.'),
  resolve: z.union([z.string(), z.record(z.string(), z.string())]).optional().describe('Dial this host:port instead, as curl --connect-to; or one per host.'),
  tls: z
    .strictObject({
      ca: z.string().optional().describe('PEM file with more roots to trust.'),
      alpn: z.array(z.string()).optional(),
    })
    .optional(),
  pool: z
    .strictObject({
      connections: z.int().min(1).optional().describe('Connections per host.'),
      keepAlive: duration.optional().describe('How long an idle connection is kept.'),
    })
    .optional(),
  bufferLimit: size.optional().describe('Request bodies up to this are kept to be sent again.'),
  bulkhead: bulkhead.optional(),
  tables: tables.optional(),
  ...cascading,
  routes: z.array(route).optional(),
});

/** The schema of a configuration file after presets were merged in. */
export const configSchema = z.strictObject({
  version: z.literal(1).describe('Version of this format.'),
  listen: listen.extend({ port: port.default(8080) }).prefault({}),
  admin: listen.extend({ port: port.default(9090) }).prefault({}),
  intercept: z
    .strictObject({
      ca: z.string().default('./ca').describe('Directory of the local certificate authority; made on first use.'),
    })
    .prefault({}),
  passthrough: z.array(z.string()).default([]).describe('Hosts that are tunnelled untouched; `*.example.com` takes every subdomain.'),
  drain: duration.prefault('30s').describe('How long SIGTERM waits for what is under way.'),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
      access: z.boolean().default(true),
    })
    .prefault({}),
  limits: z
    .strictObject({
      header: size.prefault('64KiB').describe('Request line and headers.'),
      body: size.prefault('100MiB').describe('Request body.'),
      requestTimeout: duration.prefault('60s').describe('For a client to send its whole request.'),
    })
    .prefault({}),
  cache: z
    .strictObject({
      maxBytes: size.prefault('64MiB').describe('Bound of the memory store, over all upstreams.'),
    })
    .prefault({}),
  upstreams: z.record(z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, 'expected a name of small letters, digits, - and _'), upstream).default({}),
});

/** A configuration as the file and its presets say it, checked, with units resolved. */
export type Config = z.output<typeof configSchema>;
/** One upstream of a configuration. */
export type UpstreamConfig = z.output<typeof upstream>;
/** One route of an upstream. */
export type RouteConfig = z.output<typeof route>;
/** What a route matches. */
export type MatchConfig = z.output<typeof match>;
export type TimeoutsConfig = z.output<typeof timeouts>;
export type RetryConfig = z.output<typeof retry>;
export type BreakerConfig = z.output<typeof breaker>;
export type BulkheadConfig = z.output<typeof bulkhead>;
export type CacheConfig = z.output<typeof cache>;
export type ErrorsConfig = z.output<typeof errors>;
export type ClassifyRule = z.output<typeof classify>;
export type PushbackRule = z.output<typeof pushback>;
export type TablesConfig = z.output<typeof tables>;
export type InvalidateConfig = z.output<typeof invalidate>;
