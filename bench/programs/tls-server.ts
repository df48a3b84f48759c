import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { listening } from './listening.ts';
import { ONE_KIB } from './payloads.ts';

/** A bare TLS server with session tickets and one fixed answer: what a handshake and a request cost in Node, at least. Usage: node tls-server.ts CERT KEY */
const [, , cert = '', key = ''] = process.argv;
const head = ['content-type', 'application/json', 'content-length', String(ONE_KIB.length)];

await listening(
  createServer({ cert: readFileSync(cert), key: readFileSync(key), keepAliveTimeout: 60_000 }, (_request, response) => {
    response.writeHead(200, head).end(ONE_KIB);
  }),
);
