import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Contender, home, originUrl, type Setup, startNode } from './contender.ts';

const bench = join(import.meta.dirname, '..');

/** The version of an installed package. */
function packageVersion(modules: string, name: string): string {
  return (JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')) as { version: string }).version;
}

const node = (): string => `Node ${process.versions.node}`;
const nothing = (): undefined => undefined;
const ownModules = join(bench, '..', 'node_modules');
const npmModules = join(bench, 'npm', 'node_modules');

/** No proxy at all. */
export const direct: Contender = {
  name: 'direct',
  title: 'no proxy: bound by load and origin',
  modes: ['reverse', 'intercept'],
  missing: nothing,
  version: () => '-',
  start: (setup) => Promise.resolve({ port: setup.upstream.port, prefix: '', program: undefined }),
};

/** The floor. */
export const forwarder: Contender = {
  name: 'forwarder',
  title: 'bare forwarder: node:http + undici Pool.dispatch',
  modes: ['reverse'],
  missing: nothing,
  version: () => `undici ${packageVersion(ownModules, 'undici')}`,
  start: (setup) => startNode('forwarder.ts', [originUrl(setup), String(setup.connections)], home(setup, 'forwarder')),
};

/** Sockets alone. */
export const bytePipe: Contender = {
  name: 'byte-pipe',
  title: 'net.Socket piped both ways: what sockets alone cost in Node',
  modes: ['reverse'],
  missing: nothing,
  version: node,
  start: (setup) => startNode('programs/byte-pipe.ts', [String(setup.upstream.port)], home(setup, 'pipe')),
};

/** The limit for hits. */
export const mapServer: Contender = {
  name: 'map-server',
  title: 'node:http answering from a Map',
  modes: ['cache'],
  missing: nothing,
  version: node,
  start: (setup) => startNode('map-server.ts', [], home(setup, 'map')),
};

/** What a handshake costs in Node, with one answer. Not a proxy: the load goes to it as to an origin. */
export const tlsServer: Contender = {
  name: 'tls-server',
  title: 'bare node:https server with one fixed answer',
  modes: ['intercept'],
  missing: nothing,
  version: node,
  start: async (setup: Setup) => ({
    ...(await startNode('programs/tls-server.ts', [setup.certificates.cert, setup.certificates.key], home(setup, 'tls'))),
    isOrigin: true,
  }),
};

/** The usual library. */
export const httpProxy3: Contender = {
  name: 'http-proxy-3',
  title: 'http-proxy-3, keep-alive agent',
  modes: ['reverse'],
  missing: nothing,
  version: () => packageVersion(ownModules, 'http-proxy-3'),
  start: (setup) => startNode('programs/http-proxy-3.ts', [originUrl(setup)], home(setup, 'http-proxy-3')),
};

/** The other usual library. */
export const fastify: Contender = {
  name: 'fastify',
  title: '@fastify/http-proxy, undici with 256 connections',
  modes: ['reverse'],
  missing: () => (existsSync(join(npmModules, 'fastify')) ? undefined : 'npm install in bench/npm'),
  version: () => packageVersion(npmModules, '@fastify/http-proxy'),
  start: (setup) => startNode('npm/fastify.js', [originUrl(setup)], home(setup, 'fastify')),
};
