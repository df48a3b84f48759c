import { checkCombinations } from './checks/combinations.ts';
import { CheckContext } from './checks/context.ts';
import { checkEgress } from './checks/egress.ts';
import { checkExpressions } from './checks/expressions.ts';
import { checkFiles } from './checks/files.ts';
import { checkInertLimits } from './checks/inert-limits.ts';
import { checkNetwork } from './checks/network.ts';
import { checkNulls } from './checks/nulls.ts';
import { checkReferences } from './checks/references.ts';
import { checkRequestValues } from './checks/request-values.ts';
import { checkShadowedRoutes } from './checks/shadowed-routes.ts';
import { checkStore } from './checks/store.ts';
import { type Fault, faultsOf } from './issues.ts';
import { type JsonSchema, strictSchema } from './json-schema.ts';
import type { Problem } from './problem.ts';
import { type Config, configSchema } from './schema.ts';
import { mapScalars, type Path, plain, type Tree, treeAt } from './tree.ts';

/** A checked configuration, or everything that is wrong with it. */
export interface Validated {
  readonly config: Config | undefined;
  readonly tree: Tree;
  readonly problems: readonly Problem[];
  readonly notes: readonly string[];
}

/** How often faults are cut out to look at the rest: a cut can leave its surroundings incomplete. */
const MAX_CUTS = 6;

/**
 * Holds a tree against the schema and then against what no schema can say. What does not fit is cut out after it was told, so that one run finds all
 * problems.
 */
export function validate(written: Tree): Validated {
  let made: JsonSchema | undefined;
  const schema = (): JsonSchema => (made ??= strictSchema());
  const first = parse(written, schema);
  let { tree, faults } = first;
  let { config } = first;
  for (let cuts = 0; config === undefined && cuts < MAX_CUTS; cuts++) {
    tree = without(
      tree,
      faults.map((fault) => fault.path),
    );
    ({ config, faults } = parse(tree, schema));
  }
  const problems = first.faults.map((fault) => fault.problem);
  if (config === undefined) return { config: undefined, tree, problems, notes: [] };
  const context = new CheckContext(config, tree, written);
  for (const check of [
    checkNetwork,
    checkEgress,
    checkExpressions,
    checkCombinations,
    checkReferences,
    checkNulls,
    checkRequestValues,
    checkShadowedRoutes,
    checkInertLimits,
    checkStore,
    checkFiles,
  ])
    check(context);
  problems.push(...context.problems);
  return { config: problems.length === 0 ? config : undefined, tree, problems, notes: context.notes };
}

interface ParsedTree {
  readonly tree: Tree;
  readonly config: Config | undefined;
  readonly faults: readonly Fault[];
}

/** Parses a tree; a value out of a variable that does not fit as one kind is tried as the other. */
function parse(tree: Tree, schema: () => JsonSchema): ParsedTree {
  const result = configSchema.safeParse(plain(tree));
  if (result.success) return { tree, config: result.data, faults: [] };
  const faults = faultsOf(result.error.issues, tree, schema());
  const open = new Set(faults.filter(({ path }) => hasOther(treeAt(tree, path))).map(({ path }) => path.join('\0')));
  if (open.size === 0) return { tree, config: undefined, faults };
  const turned = mapScalars(tree, (scalar, path) => {
    if (!open.has(path.join('\0'))) return scalar;
    const { otherwise, ...rest } = scalar;
    return { ...rest, value: otherwise };
  });
  return parse(turned, schema);
}

function hasOther(tree: Tree | undefined): boolean {
  return tree?.kind === 'scalar' && tree.otherwise !== undefined;
}

/** The tree without what stands at the paths. */
function without(tree: Tree, paths: readonly Path[]): Tree {
  if (tree.kind === 'scalar') return tree;
  const below = (step: string | number): Path[] => paths.filter((path) => String(path[0]) === String(step)).map((path) => path.slice(1));
  const gone = (step: string | number): boolean => below(step).some((path) => path.length === 0);
  if (tree.kind === 'list') {
    const items = tree.items.flatMap((item, at) => (gone(at) ? [] : [{ ...item, value: without(item.value, below(at)) }]));
    return { ...tree, items };
  }
  const kept = [...tree.entries]
    .filter(([key]) => !gone(key))
    .map(([key, entry]) => [key, { ...entry, value: without(entry.value, below(key)) }] as const);
  return { ...tree, entries: new Map(kept) };
}
