/** Finds the values that a path names in a JSON document; none where the document has another shape. */
export type JsonPath = (document: unknown) => unknown[];

type Step = (values: unknown[]) => unknown[];

/** One step: a name, `[*]` (every item of a list, every value of an object), `[3]`, or `[?name~text]` (members whose `name` contains the text) and `[?name=text]` (equals it). */
const STEP = /\.?([^.[\]]+)|\[(\*)\]|\[(\d+)\]|\[\?([^~=\]]+)([~=])([^\]]*)\]/y;

/**
 * Reads a path such as `error.code`, `error.details[*].quotaId` or `error.details[?@type~RetryInfo].retryDelay`. Undefined where it is not
 * one. The small part of JSONPath (RFC 9535) that pushback and error codes need.
 */
export function parseJsonPath(text: string): JsonPath | undefined {
  const steps: Step[] = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < text.length) {
    const parts = STEP.exec(text);
    if (parts === null) return undefined;
    steps.push(stepOf(parts));
  }
  if (steps.length === 0) return undefined;
  return (document) => steps.reduce((values, step) => step(values), [document]);
}

function stepOf(parts: RegExpExecArray): Step {
  const [, name, every, index, key, operator, wanted = ''] = parts;
  if (name !== undefined) return (values) => values.flatMap((value) => member(value, name));
  if (every !== undefined) return (values) => values.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  if (index !== undefined)
    return (values) => values.flatMap((value) => (Array.isArray(value) && Number(index) < value.length ? [value[Number(index)] as unknown] : []));
  const holds = (found: unknown): boolean => (operator === '~' ? String(found).includes(wanted) : String(found) === wanted);
  return (values) =>
    values.flatMap((value) => (Array.isArray(value) ? (value as unknown[]) : []).filter((item) => member(item, key ?? '').some(holds)));
}

function member(value: unknown, name: string): unknown[] {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return [];
  return [(value as Record<string, unknown>)[name]];
}
