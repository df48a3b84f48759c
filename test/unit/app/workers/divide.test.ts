import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { divided, share } from '../../../../src/app/workers/divide.ts';
import { configSchema } from '../../../../src/config/schema.ts';

describe('a limit that is divided among workers', () => {
  it('is whole again when all parts are added up, and none is without', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 64 }), (whole, count) => {
        const parts = Array.from({ length: count }, (_, index) => share(whole, { index, count }));
        expect(Math.min(...parts)).toBeGreaterThanOrEqual(1);
        expect(Math.max(...parts) - Math.min(...parts)).toBeLessThanOrEqual(1);
        expect(parts.reduce((sum, part) => sum + part, 0)).toBe(Math.max(whole, count));
      }),
    );
  });
});

describe('the configuration of one worker', () => {
  const config = configSchema.parse({
    version: 1,
    workers: 2,
    cache: { maxBytes: '64MiB' },
    upstreams: {
      api: {
        origin: 'https://api.example',
        pool: { connections: 11, keepAlive: '4s' },
        bulkhead: { concurrent: 5, queue: 3, adaptive: { max: 7 } },
        routes: [{ match: { path: '/a' }, bulkhead: { concurrent: 1 }, pace: [{ rate: '10/s' }, { rate: '1/6s', burst: 1 }] }],
      },
    },
  });

  it('has its part of what all may do together, and all else as it was written', () => {
    const parts = [0, 1].map((index) => divided(config, { index, count: 2, id: 1 }));
    const apis = parts.map(({ upstreams }) => upstreams['api']);
    expect(apis.map((api) => api?.pool)).toEqual([
      { connections: 6, keepAlive: 4000 },
      { connections: 5, keepAlive: 4000 },
    ]);
    expect(apis.map((api) => api?.bulkhead)).toMatchObject([
      { concurrent: 3, queue: 2, adaptive: { max: 4 } },
      { concurrent: 2, queue: 1, adaptive: { max: 3 } },
    ]);
    // places are whole: each worker has one
    expect(apis.map((api) => api?.routes?.[0]?.bulkhead?.concurrent)).toEqual([1, 1]);
    expect(apis.map((api) => api?.routes?.[0]?.pace?.map(({ rate, burst }) => [rate * 1000, burst]))).toEqual([
      [
        [5, 5],
        [1 / 12, 1],
      ],
      [
        [5, 5],
        [1 / 12, 1],
      ],
    ]);
    expect(parts.map(({ cache }) => cache.maxBytes)).toEqual([32 * 1024 * 1024, 32 * 1024 * 1024]);
    expect(apis[0]?.origin).toBe('https://api.example');
  });

  it('leaves a store alone that all share', () => {
    const shared = { ...config, cache: { ...config.cache, store: 'redis' as const } };
    expect(divided(shared, { index: 0, count: 2, id: 1 }).cache).toEqual(shared.cache);
  });
});
