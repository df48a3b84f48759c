import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { intercepted, tunnelTo } from '../../support/connect.ts';
import { scratchDirectory } from '../../support/scratch.ts';

function yaml(workers: number, ca: string): string {
  return `version: 1
workers: ${workers}
listen: { port: 0 }
admin: { port: 0 }
intercept: { ca: ${ca} }
upstreams:
  api: { origin: "https://api.example", resolve: "127.0.0.1:1", retry: { attempts: 1 } }
`;
}

async function health(app: RunningBreakwater): Promise<{ status: string; interception: Record<string, unknown> }> {
  return (await (await fetch(`${app.adminUrl}/health`)).json()) as never;
}

/** The metric that says whether the authority can be used. */
async function usable(app: RunningBreakwater): Promise<string | undefined> {
  return /^breakwater_authority_usable (\d)$/m.exec(await (await fetch(`${app.adminUrl}/metrics`)).text())?.[1];
}

describe('a certificate authority that cannot be made', () => {
  it.each([1, 2])(
    'is told in /health, which is degraded once a client was refused for it and well once it is mended, with %i workers',
    async (workers) => {
      await using scratch = await scratchDirectory();
      const ca = join(scratch.path, 'ca');
      writeFileSync(ca, 'no directory');
      await using app = await RunningBreakwater.start(yaml(workers, ca));
      const port = Number(new URL(app.proxyUrl).port);
      await expect
        .poll(async () => (await health(app)).interception)
        .toEqual({
          status: 'warn',
          ca,
          problem: expect.stringContaining(ca) as string,
          advice: expect.stringContaining('intercept.ca') as string,
        });
      expect([(await health(app)).status, await usable(app)]).toEqual(['ok', '0']);
      await expect(tunnelTo('api.example:443', port)).rejects.toThrow(' 500 ');
      await expect.poll(async () => (await health(app)).status).toBe('degraded');
      rmSync(ca);
      (await intercepted('api.example', port, '', { rejectUnauthorized: false })).secure.destroy();
      await expect.poll(async () => (await health(app)).interception).toEqual({ status: 'ok', ca, problem: null, advice: null });
      expect([(await health(app)).status, await usable(app)]).toEqual(['ok', '1']);
    },
  );
});
