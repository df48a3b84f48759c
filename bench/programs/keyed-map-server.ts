import { createServer } from 'node:http';
import { listening } from './listening.ts';

/** `node:http` that answers from a Map of many entries by path and query: `/?select=id,name&id=eq.N`. Usage: keyed-map-server.ts ENTRIES BODY */
const [size = '10', text = ''] = process.argv.slice(2);
const store = new Map(
  Array.from({ length: Number(size) }, (_, n) => {
    const body = Buffer.from(text);
    const head = ['content-type', 'application/json', 'etag', `"${n}"`, 'content-length', String(body.length), 'cache-control', 'max-age=3600'];
    return [`/?select=id,name&id=eq.${n}`, { head, body }];
  }),
);

await listening(
  createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const hit = store.get(request.url ?? '/');
    if (hit === undefined) response.writeHead(404, ['content-length', '0']).end();
    else response.writeHead(200, hit.head).end(hit.body);
  }),
);
