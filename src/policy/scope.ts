import type { Exchange } from '../model/exchange.ts';
import { compileTemplate, type PathTemplate } from '../model/path-template.ts';
import { credentialOf, digest } from './credential.ts';
import { requestValue } from './request-values.ts';

/** Names what a request belongs to: requests with the same text fail, and are limited, together. Holds no secret. */
export type Scope = (exchange: Exchange) => string;

/** Reads one part of a scope; empty where the request does not have it. */
export type ScopePart = (exchange: Exchange) => string;

/** Longer values are named by their digest: a scope is a key in memory and a label for people. */
const LABEL_LENGTH = 64;

/**
 * Compiles the parts of a scope: `authority`, `credential` (a digest), a placeholder of the route's path template (`model` or `{model}`), `header:NAME`
 * (a digest), `json:PATH` into the request's body, `path:EXPRESSION` (its first group). A part that a request does not have is empty.
 */
export function compileScope(parts: readonly string[], paths: readonly string[]): Scope {
  const compiled = compileParts(parts, paths);
  const [only] = compiled;
  if (compiled.length === 1 && only !== undefined) return only;
  return (exchange) => compiled.map((part) => part(exchange)).join(' ');
}

/** Compiles the parts of a scope one by one, for those who need to know that one is missing. */
export function compileParts(parts: readonly string[], paths: readonly string[]): ScopePart[] {
  const templates = paths.map(compileTemplate);
  return parts.map((part) => compilePart(part, templates));
}

function compilePart(part: string, templates: readonly PathTemplate[]): ScopePart {
  if (part === 'authority') return (exchange) => exchange.authority;
  if (part === 'credential') return credentialOf;
  const colon = part.indexOf(':');
  if (colon < 0) return byPlaceholder(part.replace(/^\{|\}$/g, ''), templates);
  const kind = part.slice(0, colon);
  const value = requestValue({ [kind]: part.slice(colon + 1) });
  const isSecret = kind === 'header';
  return (exchange) => label(value(exchange) ?? '', isSecret);
}

/** What a placeholder of the first template that matches stands for. */
function byPlaceholder(name: string, templates: readonly PathTemplate[]): ScopePart {
  return (exchange) => {
    const mark = exchange.path.indexOf('?');
    const path = mark < 0 ? exchange.path : exchange.path.slice(0, mark);
    for (const { pattern } of templates) {
      const found = pattern.exec(path)?.groups?.[name];
      if (found !== undefined) return label(found, false);
    }
    return '';
  };
}

function label(text: string, isSecret: boolean): string {
  return text !== '' && (isSecret || text.length > LABEL_LENGTH) ? digest(text) : text;
}
