import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { commandLine } from '../../support/command-line.ts';
import { closed, opened } from '../../support/servers.ts';

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

    expect(await commandLine(['cache', 'purge', ...admin])).toMatchObject({ code: 2, stdout: '' });
    expect(await commandLine(['cache', 'purge', '--tag', 'rows', ...admin])).toMatchObject({ code: 0, stdout: '2 purged\n' });
    expect(await get('a')).toContain('for a breakwater; fwd=uri-miss');
    expect(
      (await fetch(`${app.adminUrl}/api/cache/purge`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"urls":"x"}' }))
        .status,
    ).toBe(400);
    await closed(origin);
  });
});
