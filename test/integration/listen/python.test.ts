import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { loadAuthority } from '../../../src/tls/load-authority.ts';
import { echo, startListener } from '../../support/listener.ts';
import { scratchDirectory } from '../../support/scratch.ts';

/** Asks through the proxy with the standard library, verifying as strictly as Python 3.13 does by default, whatever the version. */
const SCRIPT = `
import http.client, ssl, sys
port, bundle = int(sys.argv[1]), sys.argv[2]
context = ssl.create_default_context(cafile=bundle)
context.verify_flags |= ssl.VERIFY_X509_STRICT
client = http.client.HTTPSConnection('127.0.0.1', port, context=context, timeout=10)
client.set_tunnel('api.example', 443)
client.request('POST', '/v1', body=b'hello')
print(client.getresponse().read().decode())
`;

interface Ran {
  readonly code: number;
  readonly output: string;
}

/** Runs Python; code -1 where there is none. */
function python(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(process.env['PYTHON'] ?? 'python3', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (bytes) => (output += String(bytes)));
    child.stderr.on('data', (bytes) => (output += String(bytes)));
    child.once('error', (error) => resolve({ code: -1, output: error.message }));
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

describe('a Python client that verifies strictly', () => {
  it('accepts an intercepted host with the bundle, and tells of an unknown authority without it', async () => {
    const { code, output } = await python('--version');
    expect(code, `this test needs a Python 3.8 or later as python3, or in PYTHON: ${output}`).toBe(0);
    await using scratch = await scratchDirectory();
    await using other = await scratchDirectory();
    const authority = await loadAuthority(scratch.path);
    const stranger = await loadAuthority(other.path);
    await using listener = await startListener(echo, { authority: () => Promise.resolve(authority) });
    expect(await python('-c', SCRIPT, String(listener.port), authority.paths.bundle)).toEqual({ code: 0, output: 'POST /v1 hello\n' });
    const refused = await python('-c', SCRIPT, String(listener.port), stranger.paths.bundle);
    expect(refused).toMatchObject({ code: 1, output: expect.stringMatching(/CERTIFICATE_VERIFY_FAILED/) as string });
    expect(listener.notes.rejections).toMatchObject([
      { reason: 'tls', detail: expect.stringMatching(/does not accept our certificate.*ca\.pem/) as string },
    ]);
  });
});
