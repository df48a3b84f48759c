import { z } from 'zod';
import { oneOrMany, size, someTime } from './scalars.ts';

const redis = z.strictObject({
  url: oneOrMany(z.string())
    .optional()
    .describe('redis[s]://[USER:PASSWORD@]HOST:PORT[/DB], best from a variable. A list names some servers of a cluster.'),
  cluster: z.boolean().default(false).describe('The servers are a Redis Cluster.'),
  prefix: z
    .string()
    .min(1)
    .max(64)
    .default('breakwater:')
    .describe('Start of all keys and of the channel. Sidecars with one prefix share one cache.'),
  secret: z
    .string()
    .min(16)
    .optional()
    .describe(
      'Secret that all sidecars of one cache have: credentials are hashed with it. Without one it is derived from the password of the URL and the prefix.',
    ),
  timeout: someTime('such as 250ms; store: memory asks no server')
    .prefault('250ms')
    .describe('For a connection and for each operation; what takes longer is a miss.'),
  tls: z
    .strictObject({
      ca: z.string().optional().describe('File with more roots to trust, PEM.'),
      cert: z.string().optional().describe('File with the certificate that this side shows, PEM.'),
      key: z.string().optional().describe('File with its key, PEM.'),
      serverName: z.string().optional().describe('Name that the certificate of the server has to have; the host of the URL unless said.'),
    })
    .optional()
    .describe('How a rediss:// server is verified.'),
});

/** Where answers are kept. */
export const store = z.strictObject({
  store: z
    .enum(['memory', 'sqlite', 'redis'])
    .default('memory')
    .describe('memory, sqlite (one file, survives a restart) or redis (shared by many sidecars).'),
  maxBytes: size.prefault('64MiB').describe('Bound of the memory store, or of the SQLite file, over all upstreams. For Redis, set maxmemory there.'),
  sqlite: z
    .strictObject({ file: z.string().min(1).default('./cache.db').describe('The file; made on first use, for one process at a time.') })
    .prefault({})
    .describe('The SQLite store.'),
  redis: redis.prefault({}).describe('The Redis or Valkey store.'),
});

/** Where answers are kept, as the file says it. */
export type StoreConfig = z.output<typeof store>;
