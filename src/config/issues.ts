import { SECRETS } from './describe.ts';
import type { z } from 'zod';
import { describeSchema, describeValue } from './expected.ts';
import { habitHint, type Misfit, misfitHint, upstreamNameHint } from './hints.ts';
import { type JsonSchema, keysOf, placesOf, schemaAt } from './json-schema.ts';
import type { Problem } from './problem.ts';
import { nearest } from './suggest.ts';
import { formatPath, keyPlace, type Path, type Tree, treeAt, valuePlace } from './tree.ts';

type Issue = z.core.$ZodIssue;

/** One fault of a tree against the schema, with the path that has to go for the rest to be looked at. */
export interface Fault {
  readonly path: Path;
  readonly problem: Problem;
}

/** Says what the schema found, each with its place in the files and what was expected there. */
export function faultsOf(issues: readonly Issue[], tree: Tree, schema: JsonSchema): Fault[] {
  return issues.flatMap((issue) => faultsOfIssue(issue, issue.path as Path, tree, schema));
}

function faultsOfIssue(issue: Issue, path: Path, tree: Tree, schema: JsonSchema): Fault[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, path, tree, schema));
    case 'invalid_union':
      return unionFaults(issue, path, tree, schema);
    case 'invalid_key':
      return [wrongKey(issue, path, tree)];
    default:
      return [wrongValue(issue, path, tree, schema)];
  }
}

function wrongKey(issue: Extract<Issue, { code: 'invalid_key' }>, path: Path, tree: Tree): Fault {
  const message = issue.issues[0]?.message ?? issue.message;
  const hint = path.length === 2 && path[0] === 'upstreams' ? upstreamNameHint(String(path[1])) : undefined;
  return { path, problem: { ...keyPlace(tree, path), path: formatPath(tree, path), message, hint } };
}

function wrongValue(issue: Issue, path: Path, tree: Tree, schema: JsonSchema): Fault {
  const found = treeAt(tree, path);
  const name = formatPath(tree, path);
  if (found === undefined) {
    const key = String(path.at(-1));
    const message = `${key} is missing, expected ${describeSchema(schemaAt(schema, path))}`;
    return { path: path.slice(0, -1), problem: { ...valuePlace(tree, path.slice(0, -1)), path: name, message, hint: missingHint(path, tree) } };
  }
  const got = maySpeakOfSecret(path) ? 'a value that is not shown' : describeValue(found);
  const expected = expectation(issue, path, schema);
  const hint = valueHint(issue, { path, found, expected, schema: schemaAt(schema, path) });
  return { path, problem: { ...found.at, path: name, message: `${expected}, got ${got}`, hint } };
}

/** Settings in which a secret may be written: a URL with a password. */
const MAY_HOLD_SECRET: ReadonlySet<string> = new Set(['proxy', 'egress']);

/** Secrets and headers that are sent: problems go to the log and to /health. */
function maySpeakOfSecret(path: Path): boolean {
  const key = path.at(-1);
  return (typeof key === 'string' && (SECRETS.has(key) || MAY_HOLD_SECRET.has(key))) || path.at(-2) === 'headers';
}

/** What to write instead: as the schema says it, or as the value shows what was meant. */
function valueHint(issue: Issue, misfit: Misfit): string | undefined {
  const told = issue.code === 'custom' ? (issue.params?.['hint'] as unknown) : undefined;
  if (typeof told === 'string') return told;
  return maySpeakOfSecret(misfit.path) ? undefined : misfitHint(misfit);
}

function missingHint(path: Path, tree: Tree): string | undefined {
  if (path.length === 1 && path[0] === 'version') return 'write version: 1 at the top';
  return path.at(-1) === 'match' ? routeHint(path.slice(0, -1), tree) : undefined;
}

/** A route without a match was probably meant to change one of the preset: the nearest of their names. */
function routeHint(path: Path, tree: Tree): string {
  const routes = treeAt(tree, path.slice(0, -1));
  const nameAt = (route: Path): string => {
    const name = treeAt(tree, [...route, 'name']);
    return name?.kind === 'scalar' ? String(name.value) : '';
  };
  const own = nameAt(path);
  const others =
    routes?.kind === 'list' ? routes.items.map((_item, index) => nameAt([...path.slice(0, -1), index])).filter((name) => name !== own) : [];
  const near = own === '' ? undefined : nearest(own, others);
  return near === undefined ? 'a route needs a match, or the name of a route of the preset' : `did you mean the route ${near} of the preset?`;
}

function expectation(issue: Issue, path: Path, schema: JsonSchema): string {
  if (issue.message.startsWith('expected ')) return issue.message;
  if (issue.code === 'invalid_format' && issue.format === 'starts_with')
    return `expected text that begins with ${(issue as z.core.$ZodIssueStringStartsWith).prefix}`;
  return `expected ${describeSchema(schemaAt(schema, path))}`;
}

/** Of the readings that a value may have, the one whose shape it has tells what is wrong; else all that were possible. */
function unionFaults(issue: Extract<Issue, { code: 'invalid_union' }>, path: Path, tree: Tree, schema: JsonSchema): Fault[] {
  const fitting = issue.errors.find((errors) => errors.length > 0 && errors.every((error) => error.path.length > 0 || error.code !== 'invalid_type'));
  if (fitting === undefined || fitting.some((error) => error.code === 'invalid_union' && error.path.length === 0))
    return [wrongValue(issue, path, tree, schema)];
  return fitting.flatMap((error) => faultsOfIssue(error, [...path, ...(error.path as Path)], tree, schema));
}

function unknownKey(key: string, path: Path, tree: Tree, schema: JsonSchema): Fault {
  const full = [...path, key];
  const hint = habitHint(key, path, treeAt(tree, full)) ?? keyHint(key, path, schema);
  const problem = { ...keyPlace(tree, full), path: formatPath(tree, full), message: 'unknown key', hint };
  return { path: full, problem };
}

/** The nearest right name here, else the nearest place where this name may stand, else what may stand here. */
function keyHint(key: string, path: Path, schema: JsonSchema): string | undefined {
  const known = keysOf(schemaAt(schema, path));
  const near = nearest(key, known);
  if (near !== undefined) return `did you mean ${near}?`;
  const places = placesOf(schema, key);
  // what is kept, and for how long, stands on upstreams: the section of the same name at the top is of the store
  const sameName = places.filter((steps) => steps.at(-2) === path.at(-1));
  const place = nearestPlace(sameName.length > 0 ? sameName : places, path);
  if (place !== undefined) return `${key} can stand in ${place === '' ? 'the top of the file' : place}`;
  if (path.length === 0 && !key.startsWith('x-')) return `known here: ${known.join(', ')}; keys of your own begin with x-`;
  return known.length === 0 ? undefined : `known here: ${known.join(', ')}`;
}

/** Of the places where a key may stand, the one that shares most with where it stood. */
function nearestPlace(places: readonly (readonly string[])[], path: Path): string | undefined {
  let best: string | undefined;
  let most = -1;
  for (const place of places) {
    const parent = place.slice(0, -1);
    const shared = parent.findIndex((step, at) => at >= path.length || (step !== '*' && step !== String(path[at])));
    const length = shared < 0 ? parent.length : shared;
    if (length <= most) continue;
    most = length;
    best = parent.map((step, at) => (step === '*' && at < length ? String(path[at]) : step)).join('.');
  }
  return best;
}
