import { Agent, get } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { RunningBreakwater } from '../../support/breakwater.ts';
import { freePort } from '../../support/servers.ts';
import { Origin, pidsOf, startWorkers } from './fixtures.ts';

/** What a request on a connection of its own came to: its status, or the code of its error. */
function ask(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    get({ host, port, path: '/ok', agent: new Agent() }, (response) => {
      response.resume().on('close', () => resolve(String(response.statusCode)));
    }).on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

/** A Breakwater whose upstream has a port that reloads move. */
async function movable(origin: Origin, port: number): Promise<{ readonly app: RunningBreakwater; readonly move: (host: string) => Promise<void> }> {
  const listen = (host: string): string => `listen: { host: "${host}", port: ${port} }`;
  const app = await startWorkers(origin, listen('127.0.0.1'));
  const reloads = (): number => app.log.filter((line) => line['msg'] === 'configuration reloaded').length;
  const move = async (host: string): Promise<void> => {
    const before = reloads();
    app.configure(
      `version: 1\nworkers: 2\nlisten: { port: 0 }\nadmin: { port: 0 }\nupstreams:\n  api: { origin: "${origin.url}", ${listen(host)} }\n`,
    );
    app.signal('SIGHUP');
    await app.said(() => reloads() > before);
  };
  return { app, move };
}

describe('the port of an upstream that several workers serve', () => {
  it('loses no connection where it moves to a wider address and back', async () => {
    await using origin = await Origin.start();
    const port = await freePort();
    const { app, move } = await movable(origin, port);
    await using _ = app;
    const over = new AbortController();
    const came = new Set<string>();
    const load = async (): Promise<void> => {
      while (!over.signal.aborted) came.add(await ask('127.0.0.1', port));
    };
    const running = Array.from({ length: 8 }, load);
    for (let i = 0; i < 5; i++) for (const host of ['0.0.0.0', '127.0.0.1', '::', '0.0.0.0', '127.0.0.1']) await move(host);
    over.abort();
    await Promise.all(running);
    expect([...came]).toEqual(['200']);
    expect(await ask('127.0.0.2', port)).toBe('ECONNREFUSED');
  });

  it('is served by a worker that is replaced after it has moved, at all that it listens on', async () => {
    await using origin = await Origin.start();
    const port = await freePort();
    const { app, move } = await movable(origin, port);
    await using _ = app;
    await move('0.0.0.0');
    for (const [at, pid] of pidsOf(app).entries()) {
      process.kill(pid, 'SIGKILL');
      await app.said(() => pidsOf(app).length === 3 + at);
    }
    for (const host of ['127.0.0.1', '127.0.0.2']) {
      expect(await Promise.all(Array.from({ length: 24 }, () => ask(host, port)))).toEqual(Array(24).fill('200'));
    }
  });
});
