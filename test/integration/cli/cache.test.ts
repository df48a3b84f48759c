import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { commandLine } from '../../support/command-line.ts';
import { closed, freePort, opened } from '../../support/servers.ts';

describe('the cache of a running process', () => {
  it('keeps users apart, is listed, inspected and purged from the command line, and shows in the metrics', async () => {
    let asked = 0;
    const origin = createServer((request, response) => {
      asked++;
      response.end(`for ${String(request.headers.authorization)}`);
    });
    const authority = `127.0.0.1:${await opened(origin)}`;
    await using app = await RunningBreakwater.start(
      `version: 1\nlisten: { port: 0 }\nadmin: { port: 0 }\nupstreams:\n  api:\n    origin: http://${authority}\n    cache: { ttl: 5m, tags: [rows] }\n`,
    );
    const get = async (user: string): Promise<string> => {
      const answer = await fetch(`${app.proxyUrl}/api/rows?token=hidden`, { headers: { authorization: user } });
      return `${await answer.text()} ${answer.headers.get('cache-status') ?? ''}`.replace(/ttl=\d+/, 'ttl');
    };
    expect(await get('a')).toContain('for a breakwater; fwd=uri-miss');
    expect(await get('a')).toBe('for a breakwater; hit; ttl');
    expect(await get('b')).toContain('for b breakwater; fwd=');
    expect(asked).toBe(2);

    const admin = ['--admin', app.adminUrl];
    const listed = await commandLine(['cache', 'ls', ...admin]);
    expect(listed.stdout.match(/^200 /gm)).toHaveLength(2);
    expect(listed.stdout).toContain('tags rows');
    expect(listed.stdout).not.toContain('hidden');
    expect((await commandLine(['cache', 'get', `http://${authority}/rows?token=hidden`, ...admin])).code).toBe(0);
    expect((await commandLine(['cache', 'get', `http://${authority}/other`, ...admin])).code).toBe(1);
    expect(await (await fetch(`${app.adminUrl}/metrics`)).text()).toContain('breakwater_cache_entries{store="memory"} 2');

    expect(await commandLine(['cache', 'purge', '--tag', 'rows', '--soft', ...admin])).toMatchObject({ code: 0, stdout: '2 purged\n' });
    expect((await commandLine(['cache', 'ls', ...admin])).stdout.match(/ purged, served as stale /g)).toHaveLength(2);
    expect(await commandLine(['cache', 'purge', ...admin])).toMatchObject({ code: 2, stdout: '' });
    expect(await commandLine(['cache', 'purge', '--tag', 'rows', ...admin])).toMatchObject({ code: 0, stdout: '2 purged\n' });
    expect(await get('a')).toContain('for a breakwater; fwd=uri-miss');
    expect(
      (await fetch(`${app.adminUrl}/api/cache/purge`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"urls":"x"}' }))
        .status,
    ).toBe(400);
    await closed(origin);
  });

  it('is purged by the URLs that the backend uses too, and refuses what there is not', async () => {
    const origin = createServer((request, response) => response.end(request.url));
    const authority = `127.0.0.1:${await opened(origin)}`;
    const port = await freePort();
    await using app = await RunningBreakwater.start(
      `version: 1\nlisten: { port: 0 }\nadmin: { port: 0 }\nupstreams:\n  api: { origin: "http://${authority}", cache: { ttl: 5m }, listen: { port: ${port} } }\n`,
    );
    const admin = ['--admin', app.adminUrl];
    const base = `${app.proxyUrl}/api`;
    const urls = [`${base}/a?x=1`, '/api/a?x=1', `http://127.0.0.1:${port}/a?x=1`];
    await (await fetch(`${base}/a?x=1`)).text();
    for (const url of urls) expect((await commandLine(['cache', 'get', url, ...admin])).code).toBe(0);
    for (const named of [...urls.map((url) => [url]), ['--prefix', `${base}/a`], ['--prefix', '/api']]) {
      await (await fetch(`${base}/a?x=1`)).text();
      expect([named, (await commandLine(['cache', 'purge', ...named, ...admin])).stdout]).toEqual([named, '1 purged\n']);
    }
    const refused = [
      ['--upstream', 'aip', 'No upstream is called "aip"; there are: api.'],
      ['--route', 'nope', 'No route is called "nope"; there are: default.'],
      ['/nope/a', 'no upstream'],
      ['a', '"a" is no URL'],
    ];
    for (const parts of refused) {
      const found = await commandLine(['cache', 'purge', ...parts.slice(0, -1), ...admin]);
      expect(found).toMatchObject({ code: 1, stdout: '' });
      expect(found.stderr).toContain(parts.at(-1));
    }
    expect((await commandLine(['cache', 'ls', '--upstream', 'aip', ...admin])).code).toBe(1);
    await closed(origin);
  });

  it('is asked with the token of the environment, and says what is missing without', async () => {
    const token = 'correct-horse-battery';
    const config = `version: 1\nlisten: { port: 0 }\nadmin: { port: 0, token: ${token} }\nupstreams:\n  api: { origin: "http://127.0.0.1:9" }\n`;
    await using app = await RunningBreakwater.start(config);
    const admin = ['--admin', app.adminUrl.replace('http://', '')];
    const without = await commandLine(['cache', 'ls', ...admin]);
    expect(without).toMatchObject({ code: 1, stdout: '' });
    expect(without.stderr).toContain('set BREAKWATER_ADMIN_TOKEN');
    expect(await commandLine(['cache', 'ls', ...admin], { BREAKWATER_ADMIN_TOKEN: token })).toMatchObject({ code: 0, stderr: 'nothing is stored\n' });
    expect(await commandLine(['healthcheck', '--url', `${admin[1] ?? ''}/health/live`])).toMatchObject({ code: 0 });
    const shown = await fetch(`${app.adminUrl}/api/config`, { headers: { authorization: `Bearer ${token}` } });
    expect([shown.status, await shown.text()]).toEqual([200, expect.not.stringContaining(token)]);
  });

  it.each([
    [['cache', 'ls', '--admin', 'http://'], 2, '--admin http:// is no address'],
    [['cache', 'ls', '--admin', 'ftp://127.0.0.1'], 2, 'is no address: write http://127.0.0.1:9090'],
    [['healthcheck', '--url', '::'], 2, '--url :: is no address'],
  ])('%j ends with a line that says what to write', async (args, code, line) => {
    const found = await commandLine(args);
    expect(found.code).toBe(code);
    expect(found.stderr).toContain(line);
    expect(found.stderr.trim().split('\n')).toHaveLength(1);
  });

  it('is not looked for in what is no admin listener', async () => {
    const other = createServer((_request, response) => response.end('<html>'));
    const found = await commandLine(['cache', 'ls', '--admin', `127.0.0.1:${await opened(other)}`]);
    expect(found).toMatchObject({ code: 1 });
    expect(found.stderr).toContain('not as the admin listener of a sidecar does');
    await closed(other);
  });
});
