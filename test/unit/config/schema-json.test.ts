import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { jsonSchema, type JsonSchema } from '../../../src/config/json-schema.ts';
import { packageConfigDirectory } from '../../../src/config/presets.ts';

const FILE = join(packageConfigDirectory(), 'schema.json');

/** Paths of properties without a description. */
function undescribed(schema: JsonSchema, path: readonly string[] = []): string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, child]) => [
    ...(child.description === undefined ? [[...path, key].join('.')] : []),
    ...undescribed(child, [...path, key]),
  ]);
  const below = [schema.additionalProperties, schema.items, ...(schema.anyOf ?? [])].filter((child) => typeof child === 'object');
  return [...own, ...below.flatMap((child) => undescribed(child, [...path, '*']))];
}

describe('config/schema.json', () => {
  it('is what the schema generates; UPDATE=1 writes it', () => {
    const generated = `${JSON.stringify(jsonSchema(), null, 2)}\n`;
    if (process.env['UPDATE'] === '1') writeFileSync(FILE, generated);
    expect(readFileSync(FILE, 'utf8')).toBe(generated);
  });

  it('describes every property', () => {
    expect(undescribed(jsonSchema())).toEqual([]);
  });

  it('lets a route of a preset be changed by its name alone', () => {
    const upstreams = (jsonSchema() as JsonSchema).properties?.['upstreams']?.additionalProperties;
    const route = typeof upstreams === 'object' ? upstreams.properties?.['routes']?.items : undefined;
    expect(route?.anyOf).toEqual([{ required: ['match'] }, { required: ['name'] }]);
    expect(route?.required).toBeUndefined();
  });

  it('lets variables stand for numbers and durations', () => {
    const port = (jsonSchema() as JsonSchema).properties?.['listen']?.properties?.['port'];
    expect(port?.anyOf).toEqual([
      { type: 'integer', minimum: 0, maximum: 65_535 },
      { type: 'string', pattern: '\\$\\{' },
    ]);
  });
});
