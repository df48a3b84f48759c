import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CacheNames } from '../../../src/admin/api/cache-names.ts';
import { type CacheControl, cacheRoutes } from '../../../src/admin/api/cache-routes.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { startStillAdmin } from './fixtures.ts';

describe('docs/admin.md', () => {
  it('lists every endpoint, and no other', async () => {
    // asked for what there is, not for what it answers
    const routes = cacheRoutes({} as CacheControl, {} as CacheNames, createLog('silent', { write: () => undefined }));
    await using server = await startStillAdmin({ routes });
    const page = (await server.ask('GET', '/api')).text.replaceAll(/<[^>]+>/g, ' ');
    const file = readFileSync(resolve(import.meta.dirname, '../../../docs/admin.md'), 'utf8');
    const served = [...page.matchAll(/\b(GET|POST|DELETE) +(\/\S*)/g)].map(([, method, path]) => `${method} ${path}`);
    const listed = [...file.matchAll(/^\| `((?:GET|POST|DELETE) [^`]+)`/gm)].map(([, endpoint = '']) => endpoint);
    expect(listed.toSorted()).toEqual(served.toSorted());
    expect(served.length).toBeGreaterThan(10);
  });
});
