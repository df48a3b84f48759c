import { describeSchema } from '../../../src/config/expected.ts';
import { type JsonSchema, strictSchema } from '../../../src/config/json-schema.ts';

/** The tables of all settings in docs/configuration.md, from the schema. */
export function settingsTables(): string {
  const top = strictSchema().properties ?? {};
  const { upstreams, ...rest } = top;
  const upstream = below(upstreams)?.properties ?? {};
  const route = upstream['routes']?.items?.properties ?? {};
  const shared = keep(upstream, (key) => key in route);
  return [
    '### The file',
    table(rest),
    '### An upstream: `upstreams.NAME`',
    table(keep(upstream, (key) => !(key in route))),
    '### A route: `upstreams.NAME.routes[]`',
    table(keep(route, (key) => !(key in upstream))),
    '### Both: on an upstream for all of its routes, on a route for that one',
    table(shared),
  ].join('\n\n');
}

type Properties = Readonly<Record<string, JsonSchema>>;

function keep(properties: Properties, wanted: (key: string) => boolean): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([key]) => wanted(key)));
}

function below(schema: JsonSchema | undefined): JsonSchema | undefined {
  return typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

function table(properties: Properties): string {
  return ['| setting | takes | default | what it does |', '| --- | --- | --- | --- |', ...rows(properties, '')].join('\n');
}

function rows(properties: Properties, prefix: string): string[] {
  return Object.entries(properties).flatMap(([key, schema]) => {
    const path = `${prefix}${key}`;
    if (key === 'routes') return [row(path, 'a list of routes, see below', schema)];
    const nested = nestedOf(schema);
    const own = row(path, nested === undefined ? describeSchema(schema) : nested.list ? 'a list of settings' : 'settings', schema);
    return nested === undefined ? [own] : [own, ...rows(nested.properties, nested.list ? `${path}[].` : `${path}.`)];
  });
}

function nestedOf(schema: JsonSchema): { properties: Properties; list: boolean } | undefined {
  if (schema.properties !== undefined) return { properties: schema.properties, list: false };
  if (schema.items?.properties !== undefined) return { properties: schema.items.properties, list: true };
  return undefined;
}

function row(path: string, takes: string, schema: JsonSchema): string {
  const fallback = schema.default === undefined || typeof schema.default === 'object' ? '' : `\`${String(schema.default)}\``;
  return `| \`${path}\` | ${cell(takes)} | ${fallback} | ${cell(schema.description ?? '')} |`;
}

/** Text in a cell: what Markdown would take for its own is escaped, but for what stands in backquotes. */
function cell(text: string): string {
  const parts = text.replaceAll('|', '\\|').split('`');
  return parts.map((part, index) => (index % 2 === 1 ? part : part.replaceAll('<', '&lt;').replaceAll('*', '\\*'))).join('`');
}
