import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { Origin, Sidecar } from './fixtures.ts';

const FILE = randomBytes(150_000).toString('hex');

/** Answers as a file server does. */
function serveFile(file: string, tag: string): (request: IncomingMessage, response: ServerResponse) => void {
  return ({ headers }, response) => {
    const wanted = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '');
    const own = { etag: tag, 'cache-control': 'max-age=60', 'content-type': 'text/plain' };
    if (wanted === null || (headers['if-range'] !== undefined && headers['if-range'] !== tag)) {
      response.writeHead(200, { ...own, 'content-length': String(file.length) }).end(file);
      return;
    }
    const first = Number(wanted[1]);
    const last = wanted[2] === '' ? file.length - 1 : Number(wanted[2]);
    const part = file.slice(first, last + 1);
    response.writeHead(206, { ...own, 'content-range': `bytes ${first}-${last}/${file.length}`, 'content-length': String(part.length) }).end(part);
  };
}

const range = (first: number, last: number | '') => ({ headers: ['range', `bytes=${first}-${last}`] });

describe('byte ranges over real sockets', () => {
  it('are put together, completed by what is missing, and are the whole in the end', async () => {
    await using origin = await Origin.start(serveFile(FILE, '"v1"'));
    await using sidecar = new Sidecar(origin.authority, { cache: {} });
    await sidecar.get(range(0, 99_999));
    await sidecar.get(range(100_000, 199_999));
    expect(await sidecar.get(range(50_000, 149_999))).toMatchObject({ status: 206, body: FILE.slice(50_000, 150_000) });
    expect(origin.requests).toHaveLength(2);
    const whole = await sidecar.get();
    expect(whole).toMatchObject({ status: 200, body: FILE, said: 'fwd=partial; fwd-status=206; stored' });
    expect(whole.header('content-length')).toBe('300000');
    expect(origin.requests[2]?.headers).toMatchObject({ range: 'bytes=200000-299999', 'if-range': '"v1"' });
    expect((await sidecar.get()).said).toMatch(/^hit/);
  });

  it('are of one version, whenever the file changes', async () => {
    await using origin = await Origin.start(serveFile(FILE, '"v1"'));
    await using sidecar = new Sidecar(origin.authority, { cache: {} });
    await sidecar.get(range(0, 99_999));
    const newer = FILE.toUpperCase();
    origin.script = serveFile(newer, '"v2"');
    expect(await sidecar.get(range(90_000, 109_999))).toMatchObject({ status: 206, body: newer.slice(90_000, 110_000) });
    expect((await sidecar.get()).body).toBe(newer);
  });

  it('break for the client where the connection breaks within what is missing, and are not stored then', async () => {
    await using origin = await Origin.start(serveFile(FILE, '"v1"'));
    await using sidecar = new Sidecar(origin.authority, { cache: {}, retry: { attempts: 1 } });
    await sidecar.get(range(0, 99_999));
    origin.script = (_request, response) => {
      response.writeHead(206, {
        etag: '"v1"',
        'cache-control': 'max-age=60',
        'content-range': 'bytes 100000-299999/300000',
        'content-length': '200000',
      });
      response.write(FILE.slice(100_000, 150_000), () => response.destroy());
    };
    const cut = await sidecar.get();
    expect(cut.body).toMatch(/ \(cut\)$/);
    expect(FILE.startsWith(cut.body.slice(0, -' (cut)'.length))).toBe(true);
    origin.script = serveFile(FILE, '"v1"');
    expect((await sidecar.get(range(120_000, 130_000))).said).toMatch(/^fwd=partial/);
  });
});
