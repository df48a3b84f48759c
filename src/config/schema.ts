import { z } from 'zod';
import { duration, listen, port, size } from './schema/scalars.ts';
import { store } from './schema/store.ts';
import { upstream } from './schema/upstream.ts';

/**
 * The whole configuration, version 1. What a user may write stands here and in schema/, and nowhere else: types, ranges and the sentence that the
 * JSON Schema shows in an editor. Settings that cascade (`timeouts`, `retry`, ...) may stand on an upstream and on its routes; a route's
 * keys replace the upstream's one by one. After parsing, durations are milliseconds and sizes are bytes.
 */

/** The schema of a configuration file after presets were merged in. */
export const configSchema = z.strictObject({
  version: z.literal(1).describe('Version of this format.'),
  listen: listen
    .extend({ port: port.default(8080).describe('Port to listen on; 0 takes any free one.') })
    .prefault({})
    .describe('Where the backend reaches the proxy: HTTPS_PROXY, or base URLs by prefix (/NAME/).'),
  admin: listen
    .extend({
      port: port.default(9090).describe('Port to listen on; 0 takes any free one.'),
      hosts: z
        .array(z.string())
        .default([])
        .describe('More names by which it is reached, such as a container name; others are refused (DNS rebinding).'),
      token: z
        .string()
        .min(16)
        .optional()
        .describe('Asked for (Bearer, or the password of Basic) by all but /health and /metrics; take it from the environment.'),
    })
    .prefault({})
    .describe('Where /health, /metrics, /api and the dashboard are.'),
  intercept: z
    .strictObject({
      ca: z.string().default('./ca').describe('Directory of the local certificate authority; made on first use.'),
    })
    .prefault({})
    .describe('Interception of TLS for the hosts of the upstreams, when they are reached through HTTPS_PROXY.'),
  passthrough: z
    .array(z.string())
    .default([])
    .describe(
      'Hosts that are tunnelled untouched (CONNECT; plain http:// is refused); `*.example.com` takes every subdomain. No time limit holds for such a tunnel once it stands: nobody can see what is in it.',
    ),
  egress: z
    .strictObject({
      proxy: z
        .string()
        .optional()
        .describe(
          'http[s]://[USER:PASSWORD@]HOST[:PORT] of a proxy: connections to upstreams, and tunnels to passthrough hosts, are made by CONNECT through it. Take the password from the environment.',
        ),
      ca: z.string().optional().describe('PEM file with more roots to trust, for an https:// proxy.'),
      noProxy: z
        .array(z.string())
        .default([])
        .describe('Hosts that are dialled directly; `*.example.com` takes every subdomain. Loopback addresses are in any case.'),
    })
    .prefault({})
    .describe('The way out, where the network allows none but through a proxy. HTTPS_PROXY in the environment of this process is not read.'),
  dns: z
    .strictObject({
      ttl: duration.prefault('30s').describe('How long the addresses of a name are kept.'),
      negativeTtl: duration
        .prefault('1s')
        .describe(
          'How long a name that has no address is not looked up again. Where the resolver itself fails it is left alone for 100 ms at most, and who asks meanwhile waits for the next lookup.',
        ),
      patience: duration.prefault('1s').describe('How long a lookup may take before the last good answer stands in for it.'),
    })
    .prefault({})
    .describe('How names of upstreams are looked up.'),
  workers: z
    .union([z.int().min(1), z.literal('auto')])
    .default(1)
    .describe('Processes that serve: one, a number, or `auto` for one per core. Breakers, budgets and metrics are one for all of them.'),
  drain: duration.prefault('30s').describe('How long SIGTERM waits for what is under way; 0: not at all.'),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').describe('The least important lines that are written.'),
      access: z.boolean().default(true).describe('One line for each exchange.'),
    })
    .prefault({})
    .describe('What is written to standard output, as JSON lines.'),
  limits: z
    .strictObject({
      header: size.prefault('64KiB').describe('Request line and headers.'),
      body: size.prefault('100MiB').describe('Request body.'),
      requestTimeout: duration
        .prefault('60s')
        .describe(
          'For a client to send the head of its request, then all content that is read whole (bufferLimit), and for each pause in longer content while it is read. Longer content as a whole is bound by the timeouts of its route. 0: no limit.',
        ),
    })
    .prefault({})
    .describe('What a client may send.'),
  cache: store.prefault({}).describe('Where answers are kept; what is kept, and for how long, stands on upstreams and routes.'),
  upstreams: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, 'expected a name of small letters, digits, - and _'), upstream)
    .default({})
    .describe('What the backend calls, by name. The name is the prefix of base URLs: /NAME/.'),
});

/** A configuration as the file and its presets say it, checked, with units resolved. */
export type Config = z.output<typeof configSchema>;

export type { ClassifyRule, ErrorsConfig, PushbackRule, UsageConfig } from './schema/answers.ts';
export type { CacheConfig, InvalidateConfig, PrefetchConfig, TablesConfig } from './schema/cache.ts';
export type { BreakerConfig, BulkheadConfig, ProbeConfig, QuotaConfig, RetryConfig, TimeoutsConfig } from './schema/policies.ts';
export type { FaultConfig, GuardConfig, PaceConfig, PatienceConfig } from './schema/conduct.ts';
export type { FallbackConfig, FallbackStep, HedgeConfig, ResendConfig, ResumeConfig } from './schema/rescue.ts';
export type { MatchConfig, RouteConfig } from './schema/route.ts';
export type { StoreConfig } from './schema/store.ts';
export type { UpstreamConfig } from './schema/upstream.ts';
