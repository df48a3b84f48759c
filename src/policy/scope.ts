import type { Exchange } from '../model/exchange.ts';
import { compileTemplate, type PathTemplate } from '../model/path-template.ts';
import { pathOf, percentDecoded } from '../model/target.ts';
import { credentialText } from './credential.ts';
import type { Pseudonym } from './pseudonym.ts';
import { requestValue } from './request-values.ts';

/** Names what a request belongs to: requests with the same text fail, and are limited, together. Holds no secret. */
export type Scope = (exchange: Exchange) => string;

/** Reads one part of a scope; empty where the request does not have it. */
export type ScopePart = (exchange: Exchange) => string;

/** Longer values are named by their pseudonym: a scope is a key in memory and a label for people. */
const LABEL_LENGTH = 64;
/** What must not stand in a label: blanks are between parts, and encoding undone may have brought anything. */
const UNLABELLED = /[^!-$&-~]/;

/**
 * Compiles the parts of a scope: `authority`, a placeholder of the route's path template (`model` or `{model}`), `path:EXPRESSION` (its first group), and what is named by a pseudonym:
 * `credential`, `header:NAME`, `json:PATH` into the request's body, and what an expression finds in the query. A part that a request does not have is empty. Paths are read as routes read
 * them, their percent-encoding undone.
 */
export function compileScope(parts: readonly string[], paths: readonly string[], pseudonymOf: Pseudonym): Scope {
  const compiled = compileParts(parts, paths, pseudonymOf);
  const [only] = compiled;
  if (compiled.length === 1 && only !== undefined) return only;
  return (exchange) => compiled.map((part) => part(exchange)).join(' ');
}

/** Compiles the parts of a scope one by one, for those who need to know that one is missing. */
export function compileParts(parts: readonly string[], paths: readonly string[], pseudonymOf: Pseudonym): ScopePart[] {
  const templates = paths.map(compileTemplate);
  return parts.map((part) => compilePart(part, templates, pseudonymOf));
}

function compilePart(part: string, templates: readonly PathTemplate[], pseudonymOf: Pseudonym): ScopePart {
  const hidden = (text: string): string => (text === '' ? '' : pseudonymOf(text));
  const shown = (text: string): string => (text.length > LABEL_LENGTH ? pseudonymOf(text) : labelOf(text));
  if (part === 'authority') return (exchange) => exchange.authority;
  if (part === 'credential') return (exchange) => hidden(credentialText(exchange));
  const colon = part.indexOf(':');
  if (colon < 0) return byPlaceholder(part.replace(/^\{|\}$/g, ''), templates, shown);
  const rest = part.slice(colon + 1);
  if (part.startsWith('path:')) return byExpression(new RegExp(rest), hidden, shown);
  const value = requestValue({ [part.slice(0, colon)]: rest });
  return (exchange) => hidden(value(exchange) ?? '');
}

/** What an expression finds in the path. Queries hold keys and names of people: what ends there is hidden. */
function byExpression(expression: RegExp, hidden: Pseudonym, shown: Pseudonym): ScopePart {
  return (exchange) => {
    const written = pathOf(exchange.path);
    const path = percentDecoded(written);
    const found = expression.exec(path === written ? exchange.path : path + exchange.path.slice(written.length));
    if (found === null) return '';
    const text = found[1] ?? found[0];
    return found.index + found[0].length > path.length ? hidden(text) : shown(text);
  };
}

/** What a placeholder of the first template that matches stands for. */
function byPlaceholder(name: string, templates: readonly PathTemplate[], shown: Pseudonym): ScopePart {
  return (exchange) => {
    const path = percentDecoded(pathOf(exchange.path));
    for (const { pattern } of templates) {
      const found = pattern.exec(path)?.groups?.[name];
      if (found !== undefined) return shown(found);
    }
    return '';
  };
}

/** A value as a label shows it: what would not be plain there is percent-encoded again. */
function labelOf(text: string): string {
  return UNLABELLED.test(text) ? encodeURIComponent(text.toWellFormed()) : text;
}
