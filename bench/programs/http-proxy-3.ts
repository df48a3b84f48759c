import { Agent as HttpAgent, createServer } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createProxyServer } from 'http-proxy-3';
import { listening } from './listening.ts';

/** http-proxy-3 as its README sets it up, with a keep-alive agent. Usage: node http-proxy-3.ts ORIGIN */
const target = process.argv[2] ?? '';
const agentOptions = { keepAlive: true, maxSockets: 256 };
const agent = target.startsWith('https:') ? new HttpsAgent({ ...agentOptions, rejectUnauthorized: false }) : new HttpAgent(agentOptions);
const proxy = createProxyServer({ target, agent, secure: false, ws: true });
proxy.on('error', (_error, _request, response) => response?.destroy());

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => proxy.web(request, response));
server.on('upgrade', (request, socket, head) => proxy.ws(request, socket, head));
await listening(server);
