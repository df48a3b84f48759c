import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exampleYaml } from '../../../src/config/example.ts';
import { jsonSchema, type JsonSchema } from '../../../src/config/json-schema.ts';
import { packageConfigDirectory } from '../../../src/config/presets.ts';
import { configOf, problemsOf } from './fixtures.ts';

const example = readFileSync(join(packageConfigDirectory(), '..', 'proxy.yaml.example'), 'utf8');
const env = { SUPABASE_URL: 'https://x.supabase.co' };

describe('proxy.yaml.example', () => {
  it('loads', () => {
    expect(problemsOf(example, env)).toEqual([]);
    expect(Object.keys(configOf(example, env).upstreams)).toEqual(['whatsapp', 'gemini', 'supabase', 'crm']);
  });

  it('names the schema for editors, and begins as breakwater init does', () => {
    expect(example.startsWith(exampleYaml('./config/schema.json'))).toBe(true);
  });

  it('shows every section of the file', () => {
    const sections = Object.keys((jsonSchema() as JsonSchema).properties ?? {});
    expect(sections.filter((section) => !new RegExp(`^(# )?${section}:`, 'm').test(example))).toEqual([]);
  });
});

describe('the file of breakwater init', () => {
  it('loads', () => {
    expect(problemsOf(exampleYaml(), env)).toEqual([]);
  });

  it('says what is missing where no Supabase project is named', () => {
    expect(problemsOf(exampleYaml())).toEqual([expect.stringContaining('the variable SUPABASE_URL is not set')]);
  });
});
