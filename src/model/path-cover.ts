import { compileTemplate, matchesTemplate } from './path-template.ts';

/** `{name}` or `{name:regex}`, as in a path template. */
const PLACEHOLDER = /\{[A-Za-z_][A-Za-z0-9_]*(:(?:[^{}]|\{[^{}]*\})+)?\}/g;

/**
 * Whether every path that the template `narrow` takes is one that `wide` takes too, as far as that can be seen segment by segment: what two expressions have in common is not worked out, and then
 * it is no.
 */
export function templateCovers(wide: string, narrow: string): boolean {
  if (isLiteral(narrow)) return takes(wide, narrow) && takes(wide, `${narrow}/`);
  const [taking, taken] = [parse(wide), parse(narrow)];
  if (!taking.rest && (taken.rest || taken.segments.length !== taking.segments.length)) return false;
  return taking.segments.every((segment, at) => segmentCovers(segment, taken.segments[at]));
}

/** False for what does not compile: by itself it is wrong, and told elsewhere; a segment of it may lean on another. */
function takes(template: string, path: string): boolean {
  try {
    return matchesTemplate(compileTemplate(template), path);
  } catch {
    return false;
  }
}

/** A template in parts: names of placeholders left out, since nothing hangs on them. */
interface Parsed {
  readonly segments: readonly string[];
  /** It ends in `/**`. */
  readonly rest: boolean;
}

function parse(template: string): Parsed {
  const rest = template.endsWith('/**');
  const expressions: string[] = [];
  // an expression may have slashes of its own
  const flat = (rest ? template.slice(0, -3) : template).replace(PLACEHOLDER, (_whole, expression: string | undefined) =>
    expression === undefined ? '*' : `{${expressions.push(expression) - 1}}`,
  );
  const segments = flat.split('/').map((segment) => {
    let count = 0;
    return segment.replace(/\{(\d+)\}/g, (_whole, at: string) => `{_${count++}${expressions[Number(at)] ?? ''}}`);
  });
  return { segments, rest };
}

function segmentCovers(wide: string, narrow: string | undefined): boolean {
  if (narrow === undefined) return false;
  if (wide === narrow) return true;
  // only an expression takes more than one segment, or none
  if (wide === '*') return narrow !== '' && !narrow.includes('{');
  return isLiteral(narrow) && takes(`/${wide}`, `/${narrow}`);
}

function isLiteral(template: string): boolean {
  return !/[{*]/.test(template);
}
