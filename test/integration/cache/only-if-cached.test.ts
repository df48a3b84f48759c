import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { closed, opened } from '../../support/servers.ts';

it('only-if-cached is told where nothing is stored, in the form of every error, and no fallback asks for more', async () => {
  let asked = 0;
  const origin = createServer((_request, response) => {
    asked++;
    response.end('fine');
  });
  const authority = `127.0.0.1:${await opened(origin)}`;
  const fallback = 'fallback: { steps: [{ origin: "http://127.0.0.1:9" }, { status: 200 }] }';
  await using app = await RunningBreakwater.start(
    `version: 1\nlisten: { port: 0 }\nadmin: { port: 0 }\nupstreams:\n  api: { origin: "http://${authority}", cache: { ttl: 5m }, ${fallback} }\n`,
  );
  const answer = await fetch(`${app.proxyUrl}/api/x`, { headers: { 'cache-control': 'only-if-cached' } });
  expect(await answer.json()).toMatchObject({ status: 504, code: 'api_not_cached' });
  expect([answer.status, answer.headers.get('x-proxy-error')]).toEqual([504, 'api_not_cached']);
  expect(answer.headers.get('proxy-status')).toContain('nothing is stored, and the request says only-if-cached');
  expect(asked).toBe(0);
  await closed(origin);
});
