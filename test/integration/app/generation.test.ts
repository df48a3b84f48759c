import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { describe, expect, it, vi } from 'vitest';
import { assemble, type Generation, retired } from '../../../src/app/generation.ts';
import type { UpstreamRuntime } from '../../../src/app/runtime.ts';
import type { Config } from '../../../src/config/schema.ts';
import { systemClock } from '../../../src/model/clock.ts';
import type { Exchange } from '../../../src/model/exchange.ts';
import type { Answered } from '../../../src/model/service.ts';
import { pseudonyms } from '../../../src/policy/pseudonym.ts';
import { Resolver } from '../../../src/upstream/dns.ts';
import { configOf } from '../../unit/config/fixtures.ts';
import { request } from '../policy/fixtures.ts';
import { OK, RawUpstream, read, Records } from '../upstream/fixtures.ts';

/** What an app does with its configurations: puts one together, and lets the one before go. */
class Reloaded implements AsyncDisposable {
  readonly observer = new Records();
  readonly #parts = {
    clock: systemClock,
    observer: this.observer,
    resolver: new Resolver(systemClock),
    pseudonymOf: pseudonyms(Buffer.from('secret')),
    cacheFor: () => undefined,
    prefetchFor: () => undefined,
  };
  readonly #all: UpstreamRuntime[] = [];
  #generation: Generation | undefined;

  /** Takes up a configuration whose upstream `api` has these lines. */
  load(authority: string, lines: readonly string[] = []): UpstreamRuntime {
    const previous = this.#generation;
    const next = assemble(withUpstream(authority, lines), this.#parts, previous);
    const gone = previous === undefined ? [] : retired(previous, next);
    this.#generation = next;
    for (const runtime of gone) runtime.takeBackWarnings();
    for (const runtime of next.runtimes) runtime.start();
    for (const runtime of gone) void runtime.retire(next.runtimes);
    this.#all.push(...next.runtimes);
    return this.runtime;
  }

  /** Puts one together whose last upstream cannot be set up. Throws. */
  refuse(authority: string): void {
    const { upstreams, ...rest } = withUpstream(authority, ['cache: { ttl: 5m }']);
    assemble(
      { ...rest, upstreams: { ...upstreams, bad: { origin: 'https://bad.example', tls: { ca: '/nowhere.pem' } } } },
      this.#parts,
      this.#generation,
    );
  }

  /** The upstream `api` of the configuration at work. */
  get runtime(): UpstreamRuntime {
    const runtime = this.#generation?.runtimes.find(({ name }) => name === 'api');
    if (runtime === undefined) throw new Error('nothing is loaded');
    return runtime;
  }

  /** Sends a request by the configuration at work. */
  send(exchange: Exchange): Answered {
    return this.runtime.target.serve(exchange);
  }

  /** Sends one and reads its answer: `200 ok`. */
  async ask(authority: string, path = '/'): Promise<string> {
    const outcome = await this.send(request(authority, { path }));
    return `${outcome.type === 'reply' ? outcome.status : outcome.code} ${await read(outcome)}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#all.map((runtime) => runtime.destroy()));
  }
}

function withUpstream(authority: string, lines: readonly string[]): Config {
  return configOf(`version: 1\nupstreams:\n  api:\n    origin: http://${authority}\n${lines.map((line) => `    ${line}\n`).join('')}`);
}

const HALF = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf';

/** Answers at once; what is asked of `/slow` with half of its body. `finish` sends the rest of all such. */
async function startUpstream() {
  const halves: Socket[] = [];
  const upstream: RawUpstream = await RawUpstream.start((socket) => {
    const slow = upstream.received.at(-1)?.startsWith('GET /slow') === true;
    if (slow) halves.push(socket);
    socket.write(slow ? HALF : OK);
  });
  const finish = (): void => {
    for (const socket of halves.splice(0)) socket.write('half');
  };
  return { upstream, authority: upstream.authority, finish, [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose]() };
}

/** Connections that stand. */
const open = ({ sockets }: RawUpstream): number => [...sockets].filter((socket) => !socket.destroyed).length;

describe('a reload that leaves the connections of an upstream as they are configured', () => {
  it.each([
    ['a ttl', ['cache: { ttl: 5m }']],
    ['time limits', ['timeouts: { total: 9s }']],
    ['a route', ['routes: [{ match: { path: /x }, retry: {} }]']],
    ['one more host', ['hosts: [other.example]']],
  ])('keeps them open: %s', async (_name, lines) => {
    await using api = await startUpstream();
    await using app = new Reloaded();
    app.load(api.authority);
    expect(await app.ask(api.authority)).toBe('200 ok');
    app.load(api.authority, lines);
    expect(await app.ask(api.authority)).toBe('200 ok');
    expect(api.upstream.sockets.size).toBe(1);
    expect(app.runtime.reading.pool).toEqual({ open: 1, busy: 0, queued: 0 });
  });

  it('cuts nothing that is in flight, and uses its connection afterwards', async () => {
    await using api = await startUpstream();
    await using app = new Reloaded();
    app.load(api.authority);
    const body = read(await app.send(request(api.authority, { path: '/slow' })));
    app.load(api.authority, ['cache: { ttl: 5m }']);
    expect(app.runtime.reading.pool.busy).toBe(1);
    api.finish();
    expect(await body).toBe('halfhalf');
    expect(await app.ask(api.authority)).toBe('200 ok');
    expect(api.upstream.sockets.size).toBe(1);
  });

  it('leaves them to be closed once, with what began before the reload awaited', async () => {
    await using api = await startUpstream();
    await using app = new Reloaded();
    app.load(api.authority);
    const body = read(await app.send(request(api.authority, { path: '/slow' })));
    expect(await app.ask(api.authority)).toBe('200 ok');
    app.load(api.authority, ['cache: { ttl: 5m }']);
    app.load(api.authority, ['cache: { ttl: 6m }']);
    let finished = false;
    const finishing = app.runtime.finish().then(() => (finished = true));
    await vi.waitUntil(() => open(api.upstream) === 1);
    expect(finished).toBe(false);
    api.finish();
    expect(await body).toBe('halfhalf');
    await finishing;
    await vi.waitUntil(() => open(api.upstream) === 0);
    await app.runtime.destroy();
  });
});

describe('a reload that changes how an upstream is connected to', () => {
  it.each([
    ['pool', ['pool: { connections: 3 }']],
    ['resolve', ['resolve: 127.0.0.1:RESOLVED']],
    ['tls', ['tls: { alpn: [http/1.1] }']],
  ])('opens others and closes those there were as they come free: %s', async (_name, lines) => {
    await using api = await startUpstream();
    await using app = new Reloaded();
    const port = api.authority.split(':')[1] ?? '';
    app.load(api.authority);
    const body = read(await app.send(request(api.authority, { path: '/slow' })));
    expect(await app.ask(api.authority)).toBe('200 ok');
    app.load(
      api.authority,
      lines.map((line) => line.replace('RESOLVED', port)),
    );
    await vi.waitUntil(() => open(api.upstream) === 1);
    expect(await app.ask(api.authority)).toBe('200 ok');
    expect(api.upstream.sockets.size).toBe(3);
    api.finish();
    expect(await body).toBe('halfhalf');
    await vi.waitUntil(() => open(api.upstream) === 1);
    expect(await app.ask(api.authority)).toBe('200 ok');
    expect(api.upstream.sockets.size).toBe(3);
  });

  it('closes them too where they had been handed on before', async () => {
    await using api = await startUpstream();
    await using app = new Reloaded();
    app.load(api.authority);
    expect(await app.ask(api.authority)).toBe('200 ok');
    app.load(api.authority, ['cache: { ttl: 5m }']);
    app.load(api.authority, ['cache: { ttl: 5m }', 'pool: { connections: 3 }']);
    await vi.waitUntil(() => open(api.upstream) === 0);
    expect(await app.ask(api.authority)).toBe('200 ok');
  });

  it('takes the content of a file of roots for such a change', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'breakwater-roots-'));
    try {
      const file = join(directory, 'roots.pem');
      writeFileSync(file, rootCertificates[0] ?? '');
      await using app = new Reloaded();
      const before = app.load('127.0.0.1:9', [`tls: { ca: ${file} }`]).pools;
      expect(app.load('127.0.0.1:9', [`tls: { ca: ${file} }`, 'timeouts: { total: 9s }']).pools).toBe(before);
      writeFileSync(file, rootCertificates[1] ?? '');
      expect(app.load('127.0.0.1:9', [`tls: { ca: ${file} }`, 'timeouts: { total: 9s }']).pools).not.toBe(before);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('a reload that is refused', () => {
  it('leaves the connections to those that use them', async () => {
    await using api = await startUpstream();
    await using app = new Reloaded();
    const before = app.load(api.authority);
    const body = read(await app.send(request(api.authority, { path: '/slow' })));
    expect(() => app.refuse(api.authority)).toThrow('ENOENT');
    expect(app.runtime).toBe(before);
    api.finish();
    expect(await body).toBe('halfhalf');
    expect(await app.ask(api.authority)).toBe('200 ok');
    app.load(api.authority, ['cache: { ttl: 6m }']);
    expect(await app.ask(api.authority)).toBe('200 ok');
    expect(api.upstream.sockets.size).toBe(1);
  });
});
