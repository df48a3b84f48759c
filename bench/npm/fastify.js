// @fastify/http-proxy in front of the origin in argv[2]. Plain JavaScript: its packages are installed here only, by setup.sh.
import proxy from '@fastify/http-proxy';
import fastify from 'fastify';

const app = fastify({ logger: false, bodyLimit: 2 ** 30 });
await app.register(proxy, {
  upstream: process.argv[2],
  websocket: true,
  undici: { connections: 256, pipelining: 1, connect: { rejectUnauthorized: false } },
});
await app.listen({ host: '127.0.0.1', port: 0, backlog: 4096 });
console.log(`listening ${app.server.address().port}`);
