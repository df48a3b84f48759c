import type { Exchange } from '../model/exchange.ts';
import { headerValue } from '../model/headers.ts';
import { parseJsonPath } from '../model/json-path.ts';

/** The JSON document in a request's body; undefined where it is none, or streams. */
export function requestDocument(exchange: Exchange): unknown {
  if (exchange.body.kind !== 'bytes') return undefined;
  try {
    return JSON.parse(exchange.body.bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Reads one value of a request; undefined where it has none. */
export type RequestValue = (exchange: Exchange, document: () => unknown) => string | undefined;

/** A value by the first group of a regular expression on the path, by header, or by a path into the JSON body. */
export function requestValue(part: {
  readonly path?: string | undefined;
  readonly header?: string | undefined;
  readonly json?: string | undefined;
}): RequestValue {
  if (part.path !== undefined) {
    const expression = new RegExp(part.path);
    return (exchange) => {
      const found = expression.exec(exchange.path);
      return found?.[1] ?? found?.[0];
    };
  }
  if (part.header !== undefined) {
    const name = part.header.toLowerCase();
    return (exchange) => headerValue(exchange.headers, name);
  }
  const find = parseJsonPath(part.json ?? '');
  return (_exchange, document) => {
    const [value] = find?.(document()) ?? [];
    return value === undefined || value === null ? undefined : String(value);
  };
}

/** Parses a request's document once, and only if asked. */
export function lazyDocument(exchange: Exchange): () => unknown {
  let parsed: { readonly document: unknown } | undefined;
  return () => (parsed ??= { document: requestDocument(exchange) }).document;
}
