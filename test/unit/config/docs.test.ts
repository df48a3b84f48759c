import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { breakerSettings } from '../../../src/config/breaker-names.ts';
import { DEFAULT_TIMEOUTS } from '../../../src/config/effective.ts';
import { strictSchema } from '../../../src/config/json-schema.ts';
import { packageConfigDirectory, presetNames } from '../../../src/config/presets.ts';
import { formatDuration } from '../../../src/config/units.ts';
import { routesOfPreset } from './preset-fixtures.ts';
import { settingsTables } from './settings-table.ts';

const DOCS = join(packageConfigDirectory(), '..', 'docs');
const BEGIN = '<!-- generated: UPDATE=1 vitest run test/unit/config writes it -->\n<!-- prettier-ignore-start -->\n\n';
const END = '\n\n<!-- prettier-ignore-end -->';

describe('docs/configuration.md', () => {
  it('has all settings as the schema says them', () => {
    const file = join(DOCS, 'configuration.md');
    const text = readFileSync(file, 'utf8');
    const [head = '', rest = ''] = text.split(BEGIN);
    const [, tail = ''] = rest.split(END);
    const wanted = `${head}${BEGIN}${settingsTables()}${END}${tail}`;
    if (process.env['UPDATE'] === '1') writeFileSync(file, wanted);
    expect(process.env['UPDATE'] === '1' ? wanted : text).toBe(wanted);
  });
});

describe('the defaults that the schema tells', () => {
  const upstreams = strictSchema().properties?.['upstreams']?.additionalProperties;
  const upstream = typeof upstreams === 'object' ? (upstreams.properties ?? {}) : {};
  const told = (settings: string): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(upstream[settings]?.properties ?? {}).flatMap(([key, schema]) => (schema.default === undefined ? [] : [[key, schema.default]])),
    );
  const inFile = (values: object): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, Number(value) < 100 && value !== 0 ? value : formatDuration(Number(value))]),
    );

  it('are those that hold', () => {
    expect(inFile(DEFAULT_TIMEOUTS)).toEqual(told('timeouts'));
    expect(inFile(breakerSettings({}))).toMatchObject(told('breaker'));
  });
});

describe('docs/admin.md', () => {
  it('shows calls for breakers that the presets have', () => {
    const text = readFileSync(join(DOCS, 'admin.md'), 'utf8');
    const shown = [...text.matchAll(/^curl .*\/api\/breakers\/(\w+)\/([\w-]+)\//gm)].map(([, preset = '', breaker = '']) => ({ preset, breaker }));
    expect(shown.length).toBeGreaterThan(0);
    for (const { preset, breaker } of shown) expect(routesOfPreset(preset).map((route) => route.breaker?.group)).toContain(breaker);
  });
});

describe('docs/presets.md', () => {
  const text = readFileSync(join(DOCS, 'presets.md'), 'utf8');

  it('tells of every preset', () => {
    expect(presetNames().filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });

  it.each(['whatsapp', 'gemini', 'supabase'])('tells of every route of %s', (preset) => {
    expect(
      routesOfPreset(preset)
        .map(({ name }) => name)
        .filter((name) => !new RegExp(`^\\| \`${name}\` +\\|`, 'm').test(text)),
    ).toEqual([]);
  });
});
