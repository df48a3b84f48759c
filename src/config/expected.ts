import { type JsonSchema, keysOf } from './json-schema.ts';
import type { Tree } from './tree.ts';

/** What a schema takes, in words: `a whole number from 0 to 65535`. */
export function describeSchema(schema: JsonSchema | undefined): string {
  if (schema === undefined) return 'another value';
  if (schema.anyOf !== undefined) return describeUnion(schema.anyOf);
  if (schema.enum !== undefined) return schema.enum.length === 1 ? String(schema.enum[0]) : `one of ${schema.enum.map(String).join(', ')}`;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.title === 'duration') return `a duration${schema.exclusiveMinimum === 0 ? ' above 0' : ''} such as 250ms, 5s or 2m`;
  if (schema.title === 'size') return 'a size such as 512KiB or 1MiB';
  if (typeof schema.type === 'object') return schema.type.map((type) => describeSchema({ type })).join(' or ');
  switch (schema.type) {
    case 'integer':
      return `a whole number${range(schema)}`;
    case 'number':
      return `a number${range(schema)}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return `a list, each item ${describeSchema(schema.items)}`;
    case 'object':
      return describeMap(schema);
    default:
      return (schema.minLength ?? 0) > 1 ? `text of at least ${schema.minLength} characters` : 'text';
  }
}

/** `text or a list of them`, where a list of the other is allowed too. */
function describeUnion(branches: readonly JsonSchema[]): string {
  const lists = branches.filter((branch) => branch.type === 'array');
  const others = branches.filter((branch) => branch.type !== 'array').map(describeSchema);
  const ofThem = lists.every((list) => others.includes(describeSchema(list.items)));
  return [...new Set([...others, ...lists.map((list) => (ofThem ? 'a list of them' : describeSchema(list)))])].join(' or ');
}

function describeMap(schema: JsonSchema): string {
  const keys = keysOf(schema);
  if (keys.length === 0) return 'a map of names to values';
  return `a map with keys such as ${keys.slice(0, 3).join(', ')}`;
}

function range({ minimum, maximum, exclusiveMinimum }: JsonSchema): string {
  const least = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? undefined : minimum;
  const most = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (exclusiveMinimum !== undefined) return ` above ${exclusiveMinimum}${most === undefined ? '' : ` and up to ${most}`}`;
  if (least !== undefined && most !== undefined) return ` from ${least} to ${most}`;
  return `${least === undefined ? '' : ` from ${least}`}${most === undefined ? '' : ` up to ${most}`}`;
}

/** What came instead, in words. What a variable held is not shown: it may be a secret. */
export function describeValue(tree: Tree | undefined): string {
  if (tree === undefined) return 'nothing';
  if (tree.kind !== 'scalar') return `a ${tree.kind}`;
  if (tree.variables !== undefined) return `the value of \${${tree.variables.join('}, ${')}}`;
  if (tree.value === null) return 'nothing';
  return typeof tree.value === 'string' ? JSON.stringify(withoutUserInfo(tree.value)) : String(tree.value);
}

/** A URL without the name and password in it. */
export function withoutUserInfo(text: string): string {
  return text.replace(/(:\/\/)[^/\s]*@/g, '$1***@');
}
