import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { intercepted } from '../../support/connect.ts';

const YAML = `version: 1
workers: 2
listen: { port: 0 }
admin: { port: 0 }
upstreams:
  api: { origin: "https://api.example", resolve: "127.0.0.1:1", retry: { attempts: 1 } }
`;

describe('interception by several workers', () => {
  it('has one authority, and resumes a session whichever worker a connection comes to', async () => {
    await using app = await RunningBreakwater.start(YAML);
    const port = Number(new URL(app.proxyUrl).port);
    // the first connection has the authority made
    (await intercepted('api.example', port, '', { rejectUnauthorized: false })).secure.destroy();
    const ca = readFileSync(join(dirname(app.file), 'ca', 'ca.pem'), 'utf8');
    const first = await intercepted('api.example', port, ca);
    const session = new Promise<Buffer>((resolve) => first.secure.once('session', resolve));
    const seen = new Set([await processOf(first)]);
    while (seen.size < 2) {
      const next = await intercepted('api.example', port, ca, { session: await session });
      expect(next.secure.authorized).toBe(true);
      expect(next.secure.isSessionReused()).toBe(true);
      seen.add(await processOf(next));
      next.secure.destroy();
    }
    first.secure.destroy();
  });
});

/** Which process answered: nothing listens at the upstream's address, but its answer names the request. */
async function processOf({ client }: Awaited<ReturnType<typeof intercepted>>): Promise<string> {
  const answer = await client.send('GET / HTTP/1.1\r\nHost: api.example\r\n\r\n').until(/x-request-id: \w+-/i);
  return /x-request-id: (\w+)-/i.exec(answer)?.[1] ?? '';
}
