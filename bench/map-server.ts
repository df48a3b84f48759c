import { createServer } from 'node:http';
import { ONE_KIB } from './programs/payloads.ts';
import { listening } from './programs/listening.ts';

/** The limit for cached hits: `node:http` that answers from a Map, and nothing else. Every path is a hit. */
const entry = {
  head: ['content-type', 'application/json', 'content-length', String(ONE_KIB.length), 'etag', '"bench"', 'cache-control', 'max-age=3600'],
  body: ONE_KIB,
};
const store = new Map([['1k', entry]]);

await listening(
  createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const url = request.url ?? '/';
    const hit = store.get(url.slice(url.lastIndexOf('/') + 1));
    if (hit === undefined) response.writeHead(404, ['content-length', '0']).end();
    else response.writeHead(200, hit.head).end(hit.body);
  }),
);
