import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { commandLine } from '../../support/command-line.ts';
import { closed, freePort, opened } from '../../support/servers.ts';

describe('a store that cannot be used', () => {
  it.each<[string, (port: number) => string, (port: number) => string]>([
    ['redis', (port) => `redis, redis: { url: "redis://user:s3cr3t@127.0.0.1:${port}", timeout: 200ms }`, (port) => `ECONNREFUSED 127.0.0.1:${port}`],
    ['sqlite', () => 'sqlite, sqlite: { file: /proc/x.db }', () => '/proc/x.db'],
  ])('is said wherever one would look, with its cause, and nothing claims to be stored or purged: %s', async (_kind, store, cause) => {
    const origin = createServer((_request, response) => response.end('fine'));
    const [authority, port] = [`127.0.0.1:${await opened(origin)}`, await freePort()];
    await using app = await RunningBreakwater.start(
      `version: 1\nlisten: { port: 0 }\nadmin: { port: 0 }\ncache: { store: ${store(port)} }\nupstreams:\n  api: { origin: "http://${authority}", cache: { ttl: 5m } }\n`,
    );
    const answer = await fetch(`${app.proxyUrl}/api/x`);
    expect([await answer.text(), answer.headers.get('cache-status')]).toEqual(['fine', 'breakwater; fwd=uri-miss; fwd-status=200']);
    const said = await app.said((line) => String(line['msg']).includes('the cache'));
    expect(said['msg']).toContain(cause(port));
    const shown = (await (await fetch(`${app.adminUrl}/api/cache`)).json()) as { store: { problem: string } };
    expect(shown.store.problem).toContain(cause(port));
    const health = (await (await fetch(`${app.adminUrl}/health`)).json()) as { warnings: unknown };
    expect(health.warnings).toMatchObject([{ policy: 'cache', text: shown.store.problem }]);
    const admin = ['--admin', app.adminUrl];
    for (const command of [
      ['cache', 'ls', ...admin],
      ['cache', 'purge', '--all', ...admin],
    ]) {
      const found = await commandLine(command);
      expect(found).toMatchObject({ code: 1, stdout: '' });
      expect(found.stderr).toContain(cause(port));
    }
    expect(JSON.stringify([app.log, shown, health])).not.toContain('s3cr3t');
    await closed(origin);
  });
});
