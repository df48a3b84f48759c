import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { ConfigDirectory } from './fixtures.ts';

const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

describe('loading without a file', () => {
  it('takes the three presets', () => {
    const result = loadConfig(undefined, { SUPABASE_URL: 'https://x.supabase.co' });
    expect(result).toMatchObject({ ok: true, file: undefined, watched: [], notes: [] });
    expect(result.ok && Object.keys(result.config.upstreams)).toEqual(['whatsapp', 'gemini', 'supabase']);
  });

  it('leaves Supabase out where no project is named, and says so', () => {
    const result = loadConfig(undefined, {});
    expect(result.ok && Object.keys(result.config.upstreams)).toEqual(['whatsapp', 'gemini']);
    expect(result).toMatchObject({ notes: ['SUPABASE_URL is not set: running without the supabase preset'] });
  });

  it('tells what is wrong with SUPABASE_URL', () => {
    expect(loadConfig(undefined, { SUPABASE_URL: 'x.supabase.co' })).toMatchObject({
      ok: false,
      problems: [
        {
          path: 'upstreams.supabase.origin',
          message: 'expected an origin such as https://api.example.com, without a path, got the value of ${SUPABASE_URL}',
        },
      ],
    });
  });
});

describe('loading a file', () => {
  it('has a default for every key but version', () => {
    using directory = new ConfigDirectory();
    expect(directory.load('version: 1\n')).toMatchObject({
      ok: true,
      config: { listen: { host: '127.0.0.1', port: 8080 }, admin: { port: 9090 }, drain: 30_000, passthrough: [], upstreams: {} },
    });
  });

  it('takes paths from the directory of the file in which they stand', () => {
    using directory = new ConfigDirectory();
    directory.write('certs/a.pem', PEM);
    directory.write('presets/certs/b.pem', PEM);
    directory.write('presets/b.yaml', 'origin: https://b.example\ntls: { ca: certs/b.pem }\n');
    const result = directory.load(
      'version: 1\nintercept: { ca: ./mine }\nupstreams:\n  a: { origin: https://a.example, tls: { ca: certs/a.pem } }\n  b: { preset: presets/b.yaml }\n',
    );
    expect(result).toMatchObject({
      ok: true,
      config: {
        intercept: { ca: `${directory.path}/mine` },
        upstreams: { a: { tls: { ca: `${directory.path}/certs/a.pem` } }, b: { tls: { ca: `${directory.path}/presets/certs/b.pem` } } },
      },
    });
  });

  it('names the files whose change asks for a reload', () => {
    using directory = new ConfigDirectory();
    directory.write('a.pem', PEM);
    directory.write('a.yaml', 'preset: gemini\n');
    const result = directory.load('version: 1\nupstreams:\n  a: { preset: ./a.yaml, tls: { ca: a.pem } }\n');
    expect(result.ok && result.watched).toEqual(['proxy.yaml', 'a.yaml', 'a.pem'].map((name) => `${directory.path}/${name}`));
  });

  it('names them where it is refused, those that are missing and those of a store among them', () => {
    using directory = new ConfigDirectory();
    const redis = 'cache: { store: redis, redis: { url: "rediss://x", tls: { ca: r.pem } } }';
    const result = directory.load(
      `version: 1\n${redis}\nupstreams:\n  a: { preset: ./a.yaml }\n  b: { origin: https://b.example, tls: { ca: b.pem } }\n`,
    );
    expect([result.ok, result.watched]).toEqual([false, ['proxy.yaml', 'a.yaml', 'b.pem', 'r.pem'].map((name) => `${directory.path}/${name}`)]);
    expect(directory.load('version: [')).toMatchObject({ ok: false, watched: [`${directory.path}/proxy.yaml`] });
  });

  it('notes a listener that others can reach', () => {
    using directory = new ConfigDirectory();
    expect(directory.load('version: 1\npassthrough: [a.example]\nadmin: { host: 0.0.0.0 }\n')).toMatchObject({
      ok: true,
      notes: ['admin is on 0.0.0.0: whoever reaches it uses your credentials'],
    });
  });

  it('notes none of an admin listener that asks for a token', () => {
    using directory = new ConfigDirectory();
    expect(directory.load('version: 1\npassthrough: [a.example]\nadmin: { host: 0.0.0.0, token: correct-horse-battery }\n')).toMatchObject({
      ok: true,
      notes: [],
    });
  });

  it('reads a file with a byte order mark and CRLF', () => {
    using directory = new ConfigDirectory();
    expect(directory.load('\uFEFFversion: 1\r\ndrain: 5s\r\n')).toMatchObject({ ok: true, config: { drain: 5000 } });
    expect(directory.problems('\uFEFFversion: 1\r\ndrain: 5\r\n')).toEqual([
      'proxy.yaml:2:8 drain: expected a duration such as 250ms, 5s or 2m, got 5 (with its unit: 5s, or 5ms)',
    ]);
  });
});
