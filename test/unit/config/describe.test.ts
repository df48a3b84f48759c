import { describe, expect, it } from 'vitest';
import { describeConfig } from '../../../src/config/describe.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { configOf } from './fixtures.ts';

describe('a configuration for people', () => {
  it('has its units as text', () => {
    const config = configOf(
      'version: 1\ndrain: 90s\nlimits: { header: 65536B }\nupstreams:\n  a: { origin: https://a.example, timeouts: { total: 2500ms }, hedge: { after: 200ms }, pace: [{ rate: 80/s }] }\n',
    );
    expect(describeConfig(config)).toMatchObject({
      drain: '1m30s',
      limits: { header: '64KiB', body: '100MiB' },
      upstreams: { a: { timeouts: { total: '2s500ms' }, hedge: { after: '200ms' }, pace: [{ rate: '80/s' }] } },
    });
  });

  it('hides what may be a secret', () => {
    const config = configOf(
      'version: 1\nupstreams:\n  a:\n    origin: https://a.example\n    fallback: { steps: [{ status: 503, headers: { x-own: s3cr3t } }] }\n    routes: [{ match: { header: { authorization: Bearer s3cr3t, x-any: "*" }, query: { key: s3cr3t }, json: { token: s3cr3t, status: read } } }]\n',
    );
    const shown = describeConfig(config);
    expect(JSON.stringify(shown)).not.toContain('s3cr3t');
    expect(shown).toMatchObject({
      upstreams: { a: { routes: [{ match: { header: { authorization: '***', 'x-any': '*' }, json: { status: 'read' } } }] } },
    });
  });

  it('hides what the admin listener asks for', () => {
    expect(describeConfig(configOf('version: 1\nadmin: { token: s3cr3t-of-all-admins }\n'))).toMatchObject({ admin: { token: '***' } });
  });

  it('hides the secrets of a shared cache', () => {
    const config = configOf(
      'version: 1\ncache: { store: redis, redis: { url: "rediss://me:s3cr3t-password@redis.example:6379", secret: s3cr3t-of-all-sidecars } }\n',
    );
    expect(JSON.stringify(describeConfig(config))).not.toContain('s3cr3t');
    expect(describeConfig(config)).toMatchObject({ cache: { redis: { secret: '***' } } });
  });

  it('can be written to a file and comes to the same again', () => {
    const result = loadConfig(undefined, { SUPABASE_URL: 'https://x.supabase.co' });
    if (!result.ok) throw new Error('the presets do not load');
    const upstreams = Object.fromEntries(
      Object.entries(result.config.upstreams).map(([name, upstream]) => [name, { ...upstream, preset: undefined }]),
    );
    const config = { ...result.config, upstreams };
    expect(describeConfig(configOf(JSON.stringify(describeConfig(config))))).toEqual(describeConfig(config));
  });
});
