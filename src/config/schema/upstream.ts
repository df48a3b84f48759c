import { z } from 'zod';
import { usage } from './answers.ts';
import { prefetch, tables } from './cache.ts';
import { bulkhead, probe } from './policies.ts';
import { cascading, route } from './route.ts';
import { duration, listen, size } from './scalars.ts';

const NO_ORIGIN = 'expected an origin such as https://api.example.com, without a path';

/** One upstream. */
export const upstream = z.strictObject({
  preset: z.string().optional().describe('Settings to start from: whatsapp-cloud, gemini, supabase, or a path such as ./my.yaml.'),
  origin: z
    .string()
    .regex(/^https?:\/\/[^/?#@\s]+\/?$/, NO_ORIGIN)
    .refine((text) => URL.canParse(text), NO_ORIGIN)
    .optional()
    .describe('Scheme and host that requests by prefix and by port go to; through HTTPS_PROXY, its host belongs to this upstream.'),
  hosts: z.array(z.string()).optional().describe('More hosts that belong to it; `*.example.com` takes every subdomain.'),
  listen: listen.optional().describe('A port of its own; the path is kept whole.'),
  resolve: z
    .union([z.string(), z.record(z.string(), z.string())])
    .optional()
    .describe('Dial this host:port instead, as curl --connect-to; or one per host.'),
  proxy: z
    .string()
    .optional()
    .describe('A proxy for this upstream alone, as egress.proxy and in its place, whatever noProxy says; `off`: it is dialled directly.'),
  rewriteLocation: z
    .boolean()
    .optional()
    .describe(
      'Whether a Location that names its origin leads requests by prefix and by port through the proxy again: it does, unless this is false.',
    ),
  tls: z
    .strictObject({
      ca: z.string().optional().describe('PEM file with more roots to trust.'),
      cert: z.string().optional().describe('PEM file with the certificate that this side shows, and those between it and its root.'),
      key: z.string().optional().describe('PEM file with its private key.'),
      passphrase: z.string().optional().describe('What the key is encrypted with, best from a variable.'),
      serverName: z
        .string()
        .min(1)
        .optional()
        .describe('Name that is asked for (SNI) and that the certificate of the upstream has to have; the host of the request unless said.'),
      alpn: z
        .array(z.literal('http/1.1', 'expected http/1.1, the one protocol that is spoken to upstreams'))
        .optional()
        .describe('Protocols to offer: http/1.1, which is the one that is spoken; an empty list offers none.'),
    })
    .optional()
    .describe('TLS towards the upstream.'),
  pool: z
    .strictObject({
      connections: z.int().min(1).optional().describe('Connections per host.'),
      keepAlive: duration.optional().describe('How long an idle connection is kept; 0 opens one for each request.'),
      maxAge: duration.optional().describe('After this a connection takes no more requests, so that a changed address is picked up.'),
    })
    .optional()
    .describe('Connections to the upstream.'),
  bufferLimit: size.optional().describe('Request bodies up to this are kept to be sent again.').meta({ absent: '1MiB' }),
  bulkhead: bulkhead.optional().describe('How many exchanges run at once.'),
  probe: probe.optional().describe('Asks the upstream how it is, so that a breaker opens and half-opens before a user pays for the discovery.'),
  tables: tables.optional().describe('Where paths name tables, so that a write drops the cached reads of its table.'),
  prefetch: prefetch.optional().describe('Asks for the rows that clients are going to ask for next, with the credentials of the request before.'),
  upstreamId: z
    .array(z.string().regex(/^(header|json):./, 'expected header:NAME or json:PATH'))
    .optional()
    .describe(
      'Where its answers have the id that its support asks for, shown with each attempt in log and journal, the first that is there: header:NAME, then json:PATH of error bodies that are read anyway.',
    ),
  usage: z.array(usage).optional().describe('Where its answers say how much of its limits is used up, for metrics and /health.'),
  ...cascading,
  routes: z.array(route).optional().describe('Requests with settings of their own; the first that matches takes a request.'),
});

/** One upstream of a configuration. */
export type UpstreamConfig = z.output<typeof upstream>;
