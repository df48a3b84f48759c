import { type JsonPath, parseJsonPath } from './json-path.ts';

/** Where an upstream's answers have the ids by which its support finds them: fields first, then members of error bodies that are read anyway. */
export interface UpstreamIdPlaces {
  /** Names in lower case. */
  readonly fields: readonly string[];
  readonly members: readonly JsonPath[];
}

/** Reads a list of `header:NAME` and `json:PATH`; undefined where it is absent or empty. */
export function upstreamIdPlaces(list: readonly string[] | undefined): UpstreamIdPlaces | undefined {
  if (list === undefined || list.length === 0) return undefined;
  const of = (kind: string): string[] => list.filter((place) => place.startsWith(kind)).map((place) => place.slice(kind.length));
  const members = of('json:').map(parseJsonPath);
  return { fields: of('header:').map((name) => name.toLowerCase()), members: members.filter((path) => path !== undefined) };
}

/** What an id looks like: no space, nothing that ends a line, and not longer than any that is known. */
const ID = /^[\w.:/+=-]{1,128}$/;

/** A value that can be an id; undefined where it cannot. */
export function idIn(value: unknown): string | undefined {
  return typeof value === 'string' && ID.test(value) ? value : undefined;
}
