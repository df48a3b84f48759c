import { z } from 'zod';
import { configSchema } from './schema.ts';
import type { Path } from './tree.ts';

/** The part of JSON Schema (2020-12) that a configuration needs. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

/** The schema as it is checked: what the file has to be once presets are merged in and variables replaced. */
export function strictSchema(): JsonSchema {
  return z.toJSONSchema(configSchema, { io: 'input', override: ({ jsonSchema: found }) => tellAbsent(found) }) as JsonSchema;
}

/** What holds where a setting is absent stands as `absent` in its description: a real default would take the place of what the upstream, or a preset, says. */
function tellAbsent(found: { default?: unknown; absent?: unknown }): void {
  if (found.absent === undefined) return;
  found.default = found.absent;
  delete found.absent;
}

/** The schema for editors, `config/schema.json`: what may be written in a file, variables, `x-` keys and nulls included. */
export function jsonSchema(): object {
  const { $schema, ...rest } = strictSchema() as JsonSchema & { $schema?: string };
  const written = forEditors(rest);
  return {
    $schema,
    title: 'Breakwater configuration',
    description: 'The proxy.yaml of Breakwater, version 1.',
    ...written,
    patternProperties: { '^x-': { description: 'Anything: a place for anchors.' } },
  };
}

/** Lets a variable stand where a number, a truth value or a patterned text is expected, and nothing (null) where settings are. */
function forEditors(schema: JsonSchema): JsonSchema {
  const { properties, additionalProperties, items, anyOf, ...rest } = schema;
  const nested = {
    ...(properties && { properties: mapValues(properties, forEditors) }),
    ...(additionalProperties !== undefined && {
      additionalProperties: typeof additionalProperties === 'object' ? forEditors(additionalProperties) : additionalProperties,
    }),
    ...(items && { items: forEditors(items) }),
    ...(anyOf && { anyOf: anyOf.map(forEditors) }),
  };
  const { description, default: fallback, ...kind } = { ...rest, ...nested } as JsonSchema;
  const about = { ...(description !== undefined && { description }), ...(fallback !== undefined && { default: fallback }) };
  if (schema.anyOf !== undefined) return { ...about, ...kind };
  if (schema.required?.includes('match') === true) return { ...about, ...matchOrName(kind), type: ['object', 'null'] };
  if (schema.type === 'object') return { ...about, ...kind, type: ['object', 'null'] };
  if (schema.type === 'string' && schema.pattern === undefined && schema.enum === undefined) return { ...about, ...kind };
  if (schema.type === 'array' || Array.isArray(schema.type) || schema.type === undefined) return { ...about, ...kind };
  const none = schema.title === 'duration' && schema.exclusiveMinimum === undefined ? [{ const: 0 }] : [];
  return { ...about, anyOf: [kind, ...none, { type: 'string', pattern: '\\$\\{' }] };
}

/** A route of a preset is changed by its name alone. */
function matchOrName({ required = [], ...route }: JsonSchema): JsonSchema {
  const others = required.filter((key) => key !== 'match');
  return { ...route, ...(others.length > 0 && { required: others }), anyOf: [{ required: ['match'] }, { required: ['name'] }] };
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, change: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

/** The schema of the value at a path; undefined where the schema knows no such path. */
export function schemaAt(schema: JsonSchema, path: Path): JsonSchema | undefined {
  return path.reduce<JsonSchema | undefined>((at, step) => at && childSchema(at, step), schema);
}

/** The schema of one key, or list item, of what a schema describes. */
export function childSchema(schema: JsonSchema, step: string | number): JsonSchema | undefined {
  for (const branch of schema.anyOf ?? []) {
    const found = childSchema(branch, step);
    if (found !== undefined) return found;
  }
  if (typeof step === 'number') return schema.items;
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, step)) return schema.properties[step];
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

/** The keys that a map at this place may have; none where any key is allowed. */
export function keysOf(schema: JsonSchema | undefined): string[] {
  if (schema === undefined) return [];
  return [...Object.keys(schema.properties ?? {}), ...(schema.anyOf ?? []).flatMap(keysOf)];
}

/** Every path of the schema that ends in a key, `*` for a name or number that the user chooses. */
export function placesOf(schema: JsonSchema, key: string, path: readonly string[] = []): string[][] {
  const places: string[][] = [];
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    if (name === key) places.push([...path, name]);
    places.push(...placesOf(child, key, [...path, name]));
  }
  if (typeof schema.additionalProperties === 'object') places.push(...placesOf(schema.additionalProperties, key, [...path, '*']));
  if (schema.items !== undefined) places.push(...placesOf(schema.items, key, [...path, '*']));
  for (const branch of schema.anyOf ?? []) places.push(...placesOf(branch, key, path));
  return places;
}
