import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { connect, type ConnectionOptions, TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Resuming, resumingOf } from '../../../src/tls/client-hello.ts';
import { Leaf } from '../../../src/tls/leaf.ts';
import { scratchDirectory } from '../../support/scratch.ts';
import { opened } from '../../support/servers.ts';

/** A server that shakes hands as an interception does, and the hellos it has read. */
async function serving(leaf: Leaf) {
  const hellos: Buffer[] = [];
  const seen: Resuming[] = [];
  const server = createServer((raw) => {
    raw.once('data', (first: Buffer) => {
      raw.pause();
      raw.unshift(first);
      hellos.push(first);
      seen.push(resumingOf(first));
      const socket = new TLSSocket(raw, { isServer: true, secureContext: leaf.contextFor(seen.at(-1) ?? 'unknown') });
      socket.on('error', () => raw.destroy());
      socket.once('secure', () => socket.end('x'));
    });
  });
  const port = await opened(server);
  return { port, hellos, seen, [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())) };
}

/** Connects once. */
function visit(port: number, options: ConnectionOptions = {}): Promise<{ reused: boolean; session: Buffer | undefined }> {
  return new Promise((resolve, reject) => {
    let session: Buffer | undefined;
    let reused = false;
    const client = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
    client.on('session', (next: Buffer) => (session = next));
    client.once('secureConnect', () => (reused = client.isSessionReused()));
    client.once('error', reject);
    client.resume().once('close', () => resolve({ reused, session }));
  });
}

async function leafOf(directory: string): Promise<Leaf> {
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  execFileSync('openssl', ['req', '-x509', ...curve, '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=a.example'], {
    stdio: 'ignore',
  });
  return new Leaf({ cert: await readFile(cert), key: await readFile(key), ticketKeys: Buffer.alloc(48, 1), sessionIdContext: 'test' });
}

describe('a leaf', () => {
  it('gives tickets by which a client resumes, from its first connection on', async () => {
    await using scratch = await scratchDirectory();
    await using server = await serving(await leafOf(scratch.path));
    const { session } = await visit(server.port);
    expect((await visit(server.port, { session })).reused).toBe(true);
    expect(server.seen).toEqual(['none', 'offered']);
  });

  it('gives none where one client after the other has resumed nothing, and again once one wants to', async () => {
    await using scratch = await scratchDirectory();
    const leaf = await leafOf(scratch.path);
    await using server = await serving(leaf);
    for (let n = 0; n < 64; n++) expect(leaf.contextFor('none')).toBe(leaf.context);
    expect(leaf.contextFor('none')).not.toBe(leaf.context);
    const empty = await visit(server.port);
    const real = await visit(server.port, { session: empty.session });
    expect(real.reused).toBe(false);
    expect((await visit(server.port, { session: real.session })).reused).toBe(true);
    expect(leaf.contextFor('none')).toBe(leaf.context);
  });

  it('gives tickets to whom it cannot read, which says nothing about the others', async () => {
    await using scratch = await scratchDirectory();
    const leaf = await leafOf(scratch.path);
    for (let n = 0; n < 65; n++) leaf.contextFor('none');
    expect(leaf.contextFor('unknown')).toBe(leaf.context);
    expect(leaf.contextFor('none')).not.toBe(leaf.context);
  });

  it('resumes sessions of TLS 1.2, whatever the clients before it did', async () => {
    await using scratch = await scratchDirectory();
    const leaf = await leafOf(scratch.path);
    for (let n = 0; n < 65; n++) leaf.contextFor('none');
    await using server = await serving(leaf);
    const old = { maxVersion: 'TLSv1.2' } as const;
    const { session } = await visit(server.port, old);
    expect((await visit(server.port, { ...old, session })).reused).toBe(true);
    expect(server.seen).toEqual(['unknown', 'offered']);
  });
});

describe('the first bytes of a client', () => {
  it('say nothing for certain where they are cut off anywhere', async () => {
    await using scratch = await scratchDirectory();
    await using server = await serving(await leafOf(scratch.path));
    const { session } = await visit(server.port);
    await visit(server.port, { session });
    for (const hello of server.hellos) for (let end = 0; end < hello.length; end++) expect(resumingOf(hello.subarray(0, end))).toBe('unknown');
  });

  it('may be any', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(['offered', 'none', 'unknown']).toContain(resumingOf(Buffer.from(bytes)));
      }),
    );
  });

  it('do not end where a length says nothing', () => {
    // an extension of no length, again and again
    const hello = Buffer.concat([Buffer.alloc(43), Buffer.from([0, 0, 2, 0, 0, 1, 0, 0xff, 0xfc]), Buffer.alloc(0xfffc)]);
    expect(resumingOf(hello)).toBe('unknown');
  });
});
