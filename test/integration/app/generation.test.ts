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

describe('what routes have learned', () => {
  const PACED = "pace: [{ key: ['header:to'], rate: 100/s, burst: 9, maxWait: 1s, hold: { codes: ['429'], base: 30s } }]";
  /** Sends one that the upstream takes for too many, then another by the next configuration: what its client hears. */
  async function afterLimit(before: string, after: string): Promise<string> {
    await using limiting = await RawUpstream.start((socket) => socket.write('HTTP/1.1 429 Too Many Requests\r\nContent-Length: 2\r\n\r\nno'));
    await using app = new Reloaded();
    const paced = request(limiting.authority, { headers: ['to', '48'] });
    app.load(limiting.authority, [before]);
    await app.send(paced);
    app.load(limiting.authority, [after, 'cache: { ttl: 5m }']);
    await app.send(request(limiting.authority, { headers: ['to', '48'] }));
    return `${limiting.received.length} sent`;
  }

  it.each([
    ['the same pace', PACED],
    ['a pace of which it does not depend what is left', PACED.replace('1s', '2s').replace('30s', '9s').replace('key', 'name: pair, key')],
  ])('holds a value back after a reload too: %s', async (_name, after) => expect(await afterLimit(PACED, after)).toBe('1 sent'));

  it.each([
    ['another rate', PACED.replace('100/s', '200/s')],
    ['another key', PACED.replace("['header:to']", "['header:to', authority]")],
    ['from observing to acting', PACED.replace('pace: [{', 'pace: [{ mode: observe,'), PACED],
  ])('does not where it was learned of something else: %s', async (_name, one, other = PACED) => expect(await afterLimit(one, other)).toBe('2 sent'));

  it('knows how long answers take, and when a second attempt is due', async () => {
    await using upstream = await RawUpstream.start((socket, number) => (number === 3 ? undefined : socket.write(OK)));
    await using app = new Reloaded();
    app.load(upstream.authority, ['hedge: { after: p95, minimum: 2 }']);
    for (const _ of [1, 2]) expect(await app.ask(upstream.authority)).toBe('200 ok');
    app.load(upstream.authority, ['hedge: { after: p95, minimum: 2 }', 'cache: { ttl: 5m }']);
    expect(await app.ask(upstream.authority), 'the third sending is never answered').toBe('200 ok');
    expect(upstream.received).toHaveLength(4);
  });

  it('knows how long clients wait, and warns by the settings that hold now', async () => {
    await using silent = await RawUpstream.start(() => undefined);
    await using app = new Reloaded();
    app.load(silent.authority, ['timeouts: { total: 20s }']);
    for (const _ of [1, 2, 3]) {
      const exchange = request(silent.authority);
      const outcome = app.send(exchange);
      exchange.abort(exchange.startedAt + 5000);
      await outcome;
    }
    const told = [expect.stringContaining('total is 20.0 s')];
    expect(app.observer.warnings).toEqual(told);
    app.load(silent.authority, ['timeouts: { total: 15s }']);
    expect(app.runtime.reading.patience).toMatchObject([{ patienceMs: expect.closeTo(5000, 3), totalMs: 15_000, tooLong: true }]);
    expect(app.observer.warnings.splice(0)).toEqual([...told, 'patience: ', expect.stringContaining('total is 15.0 s')]);
    expect(() => app.refuse(silent.authority)).toThrow('ENOENT');
    expect(app.observer.warnings).toEqual([]);
    app.load(silent.authority, ['timeouts: { total: 4s }']);
    expect(app.runtime.reading.patience).toMatchObject([{ patienceMs: expect.closeTo(5000, 3), tooLong: false }]);
    expect(app.observer.warnings).toEqual(['patience: ']);
  });
});
