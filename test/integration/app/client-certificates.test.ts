import { renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Identity, makeIdentity } from '../../simulators/identity.ts';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { scratchDirectory } from '../../support/scratch.ts';
import { closed, opened } from '../../support/servers.ts';

let scratch: Awaited<ReturnType<typeof scratchDirectory>>;
beforeAll(async () => {
  scratch = await scratchDirectory();
});
afterAll(() => scratch[Symbol.asyncDispose]());

/** Says by which certificate it knows its client; `hold` answers once the test says so. */
async function startOrigin(identity: Identity, roots: readonly string[]) {
  const held: (() => void)[] = [];
  const server = createServer(
    { cert: identity.cert, key: identity.key, ca: [...roots], requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      const name = (request.socket as TLSSocket).getPeerCertificate().fingerprint256;
      if (request.url === '/hold') held.push(() => response.end(name));
      else response.end(name);
    },
  );
  return { server, held, port: await opened(server) };
}

const fingerprint = ({ cert }: Identity): string => new X509Certificate(cert).fingerprint256;

function place(name: string, text: string): string {
  const file = join(scratch.path, name);
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
  return file;
}

describe('the certificate that is shown to an upstream', () => {
  it('is taken anew when its files change, by new connections; what runs ends on the old one', async () => {
    const [identity, first, second] = await Promise.all([
      makeIdentity(['localhost']),
      makeIdentity(['client.test'], { purpose: 'client' }),
      makeIdentity(['client.test'], { purpose: 'client' }),
    ]);
    const origin = await startOrigin(identity, [first.ca, second.ca]);
    const tls = `{ ca: ${place('ca.pem', identity.ca)}, cert: ${place('cert.pem', first.cert)}, key: ${place('key.pem', first.key)} }`;
    const upstream = `{ origin: "https://localhost:${origin.port}", tls: ${tls} }`;
    await using app = await RunningBreakwater.start(`version: 1\nlisten: { port: 0 }\nadmin: { port: 0 }\nupstreams:\n  api: ${upstream}\n`);
    const ask = async (path = '/'): Promise<string> => (await fetch(`${app.proxyUrl}/api${path}`)).text();
    expect(await ask()).toBe(fingerprint(first));
    const holding = ask('/hold');
    await vi.waitUntil(() => origin.held.length === 1);
    place('cert.pem', second.cert);
    const refused = await app.said(({ msg }) => msg === 'configuration refused: the one before it stays');
    expect(JSON.stringify(refused)).toContain('does not belong to the certificate in');
    expect(await ask()).toBe(fingerprint(first));
    place('key.pem', second.key);
    await app.said(({ msg }) => msg === 'configuration reloaded');
    expect(await ask()).toBe(fingerprint(second));
    origin.held.shift()?.();
    expect(await holding).toBe(fingerprint(first));
    await closed(origin.server);
  });
});
