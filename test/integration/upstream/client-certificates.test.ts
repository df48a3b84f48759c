import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SecureVersion } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { UpstreamConfig } from '../../../src/config/schema.ts';
import { type Identity, makeIdentity } from '../../simulators/identity.ts';
import { ParentProxyServer } from '../../support/parent-proxy.ts';
import { answeringTls, client, get, read } from './fixtures.ts';

let identity: Identity;
let mine: Identity;
let directory: string;

beforeAll(async () => {
  [identity, mine] = await Promise.all([makeIdentity(['api.test']), makeIdentity(['client.test'], { purpose: 'client' })]);
  directory = mkdtempSync(join(tmpdir(), 'breakwater-'));
  const encrypted = createPrivateKey(mine.key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 's3cr3t' });
  const files = { 'ca.pem': identity.ca, 'cert.pem': mine.cert, 'key.pem': mine.key, 'locked.pem': encrypted, 'other-key.pem': identity.key };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
});
afterAll(() => rmSync(directory, { recursive: true }));

const file = (name: string): string => join(directory, name);

/** An upstream that answers whoever shows a certificate of the client's root, and no one else. */
async function demanding(version: SecureVersion) {
  const names: string[] = [];
  const asking = { ca: mine.ca, requestCert: true, rejectUnauthorized: true, minVersion: version, maxVersion: version };
  const upstream = await answeringTls({ cert: identity.cert, key: identity.key, ...asking }, ({ servername }) => names.push(servername || ''));
  return { ...upstream, names };
}

function from(port: number, tls: UpstreamConfig['tls'], host = 'api.test') {
  return client(host, {}, 8, { origin: `https://${host}`, resolve: `127.0.0.1:${port}`, tls: { ca: file('ca.pem'), ...tls } });
}

const ask = (method = 'GET', host = 'api.test') => get(host, '/', method, 'https');

describe.each<SecureVersion>(['TLSv1.2', 'TLSv1.3'])('an upstream that asks for a certificate, by %s', (version) => {
  it('gets the one that is configured, and answers', async () => {
    await using upstream = await demanding(version);
    await using mtls = from(upstream.port, { cert: file('cert.pem'), key: file('key.pem') });
    for (let i = 0; i < 2; i++) expect(await read(await mtls.service(ask()))).toBe('ok');
  });

  it('gets one whose key is encrypted', async () => {
    await using upstream = await demanding(version);
    await using mtls = from(upstream.port, { cert: file('cert.pem'), key: file('locked.pem'), passphrase: 's3cr3t' });
    expect(await read(await mtls.service(ask()))).toBe('ok');
  });

  it('gets it through a proxy too', async () => {
    await using upstream = await demanding(version);
    await using proxy = await ParentProxyServer.start({ 'api.test:443': upstream.port });
    const egress = { proxy: proxy.url(), ca: undefined, noProxy: [], own: false };
    const tls = { ca: file('ca.pem'), cert: file('cert.pem'), key: file('key.pem') };
    await using mtls = client('api.test', {}, 8, { origin: 'https://api.test', tls, egress });
    expect(await read(await mtls.service(ask()))).toBe('ok');
  });

  it('fails in its handshake without, whenever it says so: nothing was done, so that it may be sent again', async () => {
    await using upstream = await demanding(version);
    await using bare = from(upstream.port, {});
    expect(await bare.service(ask('POST'))).toMatchObject({
      phase: 'tls',
      code: 'tls_protocol_error',
      kind: 'protocol',
      replay: 'unsent',
      detail: expect.stringMatching(version === 'TLSv1.2' ? /alert handshake failure/ : /shown: certificate required$/) as string,
    });
    expect(upstream.received).toEqual([]);
  });
});

describe('the name of an upstream', () => {
  it('is what `serverName` says, for SNI and for its certificate', async () => {
    await using upstream = await demanding('TLSv1.3');
    const tls = { cert: file('cert.pem'), key: file('key.pem'), serverName: 'api.test' };
    await using named = from(upstream.port, tls, 'alias.test');
    expect(await read(await named.service(ask('GET', 'alias.test')))).toBe('ok');
    expect([upstream.names, upstream.received[0]]).toEqual([['api.test'], expect.stringContaining('host: alias.test\r\n')]);
  });
});

describe('a certificate that does not fit its key', () => {
  it('is told when the upstream is set up', () => {
    expect(() => from(1, { cert: file('cert.pem'), key: file('other-key.pem') })).toThrow(/key values mismatch/);
  });
});
