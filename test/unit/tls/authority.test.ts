import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connect, createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/model/clock.ts';
import { type CertificateAuthority } from '../../../src/tls/authority.ts';
import { writeBundle } from '../../../src/tls/bundle.ts';
import { AuthorityError, keyWarning, loadAuthority } from '../../../src/tls/load-authority.ts';
import { scratchDirectory } from '../../support/scratch.ts';
import { opened } from '../../support/servers.ts';
import { FakeClock } from '../policy/fixtures.ts';

const DAY_MS = 86_400_000;
const HYBRID = 'X25519MLKEM768';
const NAMELESS = 'a group that Node has no name for';

/** What Node's own client and server agree on keys by: a hybrid where OpenSSL has it, from 3.5 on. Node 24 agrees on that too, but most of its releases have no name for it. */
function nodesGroups(): string[] {
  try {
    createSecureContext({ ecdhCurve: HYBRID });
  } catch {
    return ['X25519'];
  }
  return Number.parseInt(process.versions.node, 10) >= 26 ? [HYBRID] : [HYBRID, NAMELESS];
}

/** What a client that trusts the authority is shown for a host; rejects where it does not verify. */
function shown(authority: CertificateAuthority, context: SecureContext): Promise<X509Certificate> {
  return asked(authority, context, (client) => client.getPeerX509Certificate());
}

/** What a client that trusts the authority finds once it has shaken hands. */
async function asked<T>(authority: CertificateAuthority, context: SecureContext, look: (client: TLSSocket) => T | undefined): Promise<T> {
  const server = createServer((raw) => {
    const socket = new TLSSocket(raw, { isServer: true, secureContext: context });
    socket.on('error', () => raw.destroy());
    socket.once('secure', () => socket.end());
  });
  const port = await opened(server);
  try {
    return await new Promise((resolve, reject) => {
      const client: TLSSocket = connect(
        {
          port,
          host: '127.0.0.1',
          servername: 'sni.example',
          ca: authority.caPem,
          checkServerIdentity: () => undefined,
        },
        () => {
          const found = look(client);
          client.destroy();
          if (found === undefined) reject(new Error('it has none'));
          else resolve(found);
        },
      );
      client.once('error', reject);
    });
  } finally {
    server.close();
  }
}

describe('the certificate authority', () => {
  it('is made on first use, for its owner alone, and is the same ever after', async () => {
    await using scratch = await scratchDirectory();
    const directory = join(scratch.path, 'new', 'ca');
    const first = await loadAuthority(directory);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect((await stat(join(directory, 'ca-key.pem'))).mode & 0o777).toBe(0o600);
    expect((await readdir(directory)).toSorted()).toEqual(['ca-bundle.pem', 'ca-key.pem', 'ca.pem']);
    expect(first.paths).toEqual({ ca: join(directory, 'ca.pem'), bundle: join(directory, 'ca-bundle.pem') });
    expect((await loadAuthority(directory)).caPem).toBe(first.caPem);
  });

  it.each([
    [0o600, /^$/],
    [0o400, /^$/],
    [0o640, /ca-key\.pem has mode 0640: .*chmod 600/],
    [0o604, /has mode 0604/],
  ])('of a key with mode %o is warned of where others than its owner can use it', async (mode, expected) => {
    await using scratch = await scratchDirectory();
    await loadAuthority(scratch.path);
    await chmod(join(scratch.path, 'ca-key.pem'), mode);
    expect((await keyWarning(scratch.path)) ?? '').toMatch(expected);
  });

  it('agrees on keys as Node does, or by X25519 with those who are on this machine', async () => {
    await using scratch = await scratchDirectory();
    const group = async (authority: CertificateAuthority): Promise<string> =>
      asked(authority, await authority.contextFor('a.example'), (client) => (client.getEphemeralKeyInfo() as { name?: string }).name ?? NAMELESS);
    expect(await group(await loadAuthority(scratch.path, systemClock, { local: true }))).toBe('X25519');
    expect(nodesGroups()).toContain(await group(await loadAuthority(scratch.path)));
  });

  it('of which there is no key is no reason to warn', async () => {
    await using scratch = await scratchDirectory();
    expect(await keyWarning(join(scratch.path, 'none'))).toBeUndefined();
  });

  it('is one, however many processes and callers start at once', async () => {
    await using scratch = await scratchDirectory();
    const script = `const { loadAuthority } = await import(${JSON.stringify(join(import.meta.dirname, '../../../src/tls/load-authority.ts'))});
      process.stdout.write((await loadAuthority(${JSON.stringify(scratch.path)})).caPem);`;
    const run = (): Promise<string> =>
      new Promise((resolve) => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
        let out = '';
        child.stdout.on('data', (bytes) => (out += String(bytes)));
        child.once('close', () => resolve(out));
      });
    const here = Array.from({ length: 4 }, async () => (await loadAuthority(scratch.path)).caPem);
    const all = new Set(await Promise.all([run(), run(), ...here]));
    expect(all.size).toBe(1);
    const [pem = ''] = all;
    expect(new X509Certificate(pem).ca).toBe(true);
  });

  it('goes on where it was interrupted between key and certificate', async () => {
    await using scratch = await scratchDirectory();
    await loadAuthority(scratch.path);
    const key = await readFile(join(scratch.path, 'ca-key.pem'), 'utf8');
    await using other = await scratchDirectory();
    await writeFile(join(other.path, 'ca-key.pem'), key, { mode: 0o600 });
    const authority = await loadAuthority(other.path);
    expect(await readFile(join(other.path, 'ca-key.pem'), 'utf8')).toBe(key);
    expect(new X509Certificate(authority.caPem).ca).toBe(true);
  });

  it.each([
    ['a certificate that is none', 'ca.pem', 'nonsense', /ca\.pem is not a certificate/],
    ['a key that is none', 'ca-key.pem', 'nonsense', /ca-key\.pem is not a private key/],
  ])('says which file is wrong: %s', async (_name, file, text, message) => {
    await using scratch = await scratchDirectory();
    await loadAuthority(scratch.path);
    await chmod(join(scratch.path, file), 0o600);
    await writeFile(join(scratch.path, file), text);
    await expect(loadAuthority(scratch.path)).rejects.toThrow(message);
    await expect(loadAuthority(scratch.path)).rejects.toBeInstanceOf(AuthorityError);
  });

  it('does not take another key for its own, nor a certificate without its key', async () => {
    await using one = await scratchDirectory();
    await using two = await scratchDirectory();
    await Promise.all([loadAuthority(one.path), loadAuthority(two.path)]);
    await writeFile(join(one.path, 'ca-key.pem'), await readFile(join(two.path, 'ca-key.pem')));
    await expect(loadAuthority(one.path)).rejects.toThrow(/is not the key of/);
    await using three = await scratchDirectory();
    await writeFile(join(three.path, 'ca.pem'), await readFile(join(two.path, 'ca.pem')));
    await expect(loadAuthority(three.path)).rejects.toThrow(/ca-key\.pem is missing/);
  });

  it('says that it has expired, and that its directory cannot be used', async () => {
    await using scratch = await scratchDirectory();
    const clock = new FakeClock();
    await loadAuthority(scratch.path, clock);
    clock.advance(3651 * DAY_MS);
    await expect(loadAuthority(scratch.path, clock)).rejects.toThrow(/expired on .*: remove it and/);
    await writeFile(join(scratch.path, 'file'), '');
    await expect(loadAuthority(join(scratch.path, 'file', 'ca'))).rejects.toThrow(/cannot be used/);
    await expect(loadAuthority('/proc/breakwater/ca'), 'where nothing can be made').rejects.toThrow(/cannot be used/);
  });
});

describe('a leaf', () => {
  it.each([
    ['graph.facebook.com', 'DNS:graph.facebook.com'],
    ['127.0.0.1', 'IP Address:127.0.0.1'],
    ['::1', 'IP Address:0:0:0:0:0:0:0:1'],
    [`${'a'.repeat(60)}.example.com`, `DNS:${'a'.repeat(60)}.example.com`],
  ])('for %s names it, is short-lived, and verifies against the authority', async (host, name) => {
    await using scratch = await scratchDirectory();
    const authority = await loadAuthority(scratch.path);
    const leaf = await shown(authority, await authority.contextFor(host));
    expect(leaf.subjectAltName).toBe(name);
    expect(leaf.ca).toBe(false);
    expect(leaf.checkIssued(new X509Certificate(authority.caPem))).toBe(true);
    expect(leaf.validToDate.getTime() - leaf.validFromDate.getTime()).toBeLessThan(397 * DAY_MS);
    expect(leaf.validFromDate.getTime()).toBeLessThanOrEqual(Date.now() - 3_500_000);
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  });

  it('is made once for those who ask at the same time, kept, and renewed before it ends', async () => {
    await using scratch = await scratchDirectory();
    const clock = new FakeClock();
    const authority = await loadAuthority(scratch.path, clock);
    const [one, two] = await Promise.all([authority.contextFor('a.example'), authority.contextFor('a.example')]);
    expect(one).toBe(two);
    clock.advance(59 * DAY_MS);
    expect(await authority.contextFor('a.example')).toBe(one);
    clock.advance(2 * DAY_MS);
    expect(await authority.contextFor('a.example')).not.toBe(one);
  });

  it('is kept for the hosts that were asked for last, up to a bound', async () => {
    await using scratch = await scratchDirectory();
    const authority = await loadAuthority(scratch.path);
    const [first, second] = await Promise.all([authority.contextFor('first.example'), authority.contextFor('second.example')]);
    for (let i = 0; i < 254; i++) await authority.contextFor(`host-${i}.example`);
    expect(await authority.contextFor('first.example')).toBe(first);
    await authority.contextFor('one-more.example');
    expect(await authority.contextFor('first.example')).toBe(first);
    expect(await authority.contextFor('second.example')).not.toBe(second);
  });

  it('does not outlive its authority', async () => {
    await using scratch = await scratchDirectory();
    const clock = new FakeClock();
    clock.time = Date.now() - 1_700_000_000_000 - 3640 * DAY_MS;
    const authority = await loadAuthority(scratch.path, clock);
    clock.advance(3640 * DAY_MS);
    const leaf = await shown(authority, await authority.contextFor('a.example'));
    expect(leaf.validToDate).toEqual(new X509Certificate(authority.caPem).validToDate);
  });
});

describe('the bundle', () => {
  it('holds the roots of the system and the authority, and follows it', async () => {
    await using scratch = await scratchDirectory();
    const roots = join(scratch.path, 'roots.pem');
    const bundle = join(scratch.path, 'bundle.pem');
    const authority = await loadAuthority(join(scratch.path, 'ca'));
    await writeFile(roots, authority.caPem);
    await writeBundle(bundle, 'first', [join(scratch.path, 'none'), roots]);
    expect(await readFile(bundle, 'utf8')).toBe(`${authority.caPem}\n# Breakwater\nfirst\n`);
    await writeBundle(bundle, 'second', [roots]);
    expect(await readFile(bundle, 'utf8')).toContain('second');
    expect(await readFile(bundle, 'utf8')).not.toContain('first');
  });

  it('holds the roots of Node where the system has no file', async () => {
    await using scratch = await scratchDirectory();
    const bundle = join(scratch.path, 'bundle.pem');
    await writeBundle(bundle, 'ours', [join(scratch.path, 'none')]);
    const text = await readFile(bundle, 'utf8');
    expect(text.match(/BEGIN CERTIFICATE/g)?.length).toBeGreaterThan(50);
    expect(text.endsWith('ours\n')).toBe(true);
  });
});
