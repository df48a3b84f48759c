import { z } from 'zod';
import { tables } from './cache.ts';
import { bulkhead } from './policies.ts';
import { cascading, route } from './route.ts';
import { duration, listen, size } from './scalars.ts';

/** One upstream. */
export const upstream = z.strictObject({
  preset: z.string().optional(),
  origin: z
    .string()
    .regex(/^https?:\/\/[^/?#@\s]+\/?$/, 'expected an origin such as https://api.example.com, without a path')
    .optional(),
  hosts: z.array(z.string()).optional().describe('More hosts that belong to it; `*.example.com` takes every subdomain.'),
  listen: listen.optional().describe('A port of its own; the path is kept whole.'),
  resolve: z
    .union([z.string(), z.record(z.string(), z.string())])
    .optional()
    .describe('Dial this host:port instead, as curl --connect-to; or one per host.'),
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
      maxAge: duration.optional().describe('After this a connection takes no more requests, so that a changed address is picked up.'),
    })
    .optional(),
  bufferLimit: size.optional().describe('Request bodies up to this are kept to be sent again.'),
  bulkhead: bulkhead.optional(),
  tables: tables.optional(),
  ...cascading,
  routes: z.array(route).optional(),
});

/** One upstream of a configuration. */
export type UpstreamConfig = z.output<typeof upstream>;
