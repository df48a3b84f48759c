import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../../src');

/** Who may import whom: a folder's own files and those of the folders named here. docs/ARCHITECTURE.md shows it as a picture. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: [],
  config: ['model'],
  telemetry: ['config', 'model'],
  tls: ['config', 'model'],
  upstream: ['config', 'model'],
  policy: ['upstream', 'config', 'model'],
  cache: ['upstream', 'config', 'model'],
  route: ['upstream', 'config', 'model'],
  listen: ['route', 'policy', 'cache', 'upstream', 'tls', 'telemetry', 'config', 'model'],
  admin: ['route', 'policy', 'cache', 'upstream', 'tls', 'telemetry', 'config', 'model'],
  app: ['admin', 'listen', 'route', 'policy', 'cache', 'upstream', 'tls', 'telemetry', 'config', 'model'],
  cli: ['app', 'admin', 'listen', 'route', 'policy', 'cache', 'upstream', 'tls', 'telemetry', 'config', 'model'],
};

/** The one folder from which each package is imported. */
const PACKAGE_HOME: Readonly<Record<string, string>> = {
  undici: 'upstream',
  cockatiel: 'policy',
  'prom-client': 'telemetry',
  pino: 'telemetry',
  yaml: 'config',
  zod: 'config',
  commander: 'cli',
  redis: 'cache',
  'cluster-key-slot': 'cache',
  'lru-cache': 'cache',
  '@peculiar/x509': 'tls',
  'reflect-metadata': 'tls',
  preact: 'admin',
  uplot: 'admin',
  rolldown: 'admin',
};

interface Import {
  readonly file: string;
  readonly from: string;
  readonly specifier: string;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const found = [
    ...text.matchAll(/^(?:import|export)\s[^'"`;]*?from\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gms),
  ];
  const from = relative(SRC, file).split('/')[0] ?? '';
  return found.map((parts) => ({ file, from, specifier: parts[1] ?? parts[2] ?? parts[3] ?? '' }));
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(SRC, name));
const imports = files.flatMap(importsOf);

describe('the layers', () => {
  it('are all in the table', () => {
    expect(imports.length).toBeGreaterThan(50);
    expect(Object.keys(MAY_IMPORT)).toEqual(expect.arrayContaining([...new Set(imports.map(({ from }) => from))]));
  });

  it('import downwards only', () => {
    const wrong = imports
      .filter(({ specifier }) => specifier.startsWith('.'))
      .map((one) => ({ ...one, to: relative(SRC, resolve(dirname(one.file), one.specifier)).split('/')[0] ?? '' }))
      .filter(({ from, to }) => from !== to && !(MAY_IMPORT[from] ?? []).includes(to))
      .map(({ file, to }) => `${relative(SRC, file)} imports ${to}`);
    expect(wrong).toEqual([]);
  });

  it('keep what runs in browsers apart from what runs here', () => {
    const page = join(SRC, 'admin/dashboard/page/');
    const wrong = imports
      .map((one) => ({ ...one, to: one.specifier.startsWith('.') ? resolve(dirname(one.file), one.specifier) : one.specifier }))
      .filter(({ file, to }) =>
        file.startsWith(page) ? !to.startsWith(page) && !['preact', 'preact/hooks', 'uplot'].includes(to) : to.startsWith(page),
      )
      .map(({ file, to }) => `${relative(SRC, file)} imports ${to}`);
    expect(wrong).toEqual([]);
  });

  it('take node:http from the one place that loads nothing else with it', () => {
    const wrong = files.filter((file) => /^import (?!type )[^;]*from 'node:http';/m.test(readFileSync(file, 'utf8')));
    expect(wrong.map((file) => relative(SRC, file))).toEqual([]);
  });

  it('import each package from one folder only', () => {
    const wrong = imports
      .filter(({ specifier }) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
      .map((one) => ({ ...one, home: PACKAGE_HOME[packageOf(one.specifier)] }))
      .filter(({ from, home }) => from !== home)
      .map(({ file, specifier, home }) => `${relative(SRC, file)} imports ${specifier}, whose home is ${home ?? 'nowhere yet'}`);
    expect(wrong).toEqual([]);
  });
});

/** The package's name in a specifier: `pkg/sub` and `@scope/pkg/sub` too. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
