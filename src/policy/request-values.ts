import type { Exchange } from '../model/exchange.ts';
import { headerValue } from '../model/headers.ts';
import { parseJsonPath } from '../model/json-path.ts';
import { documentOf } from '../model/request-body.ts';

/** Reads one value of a request; undefined where it has none. */
export type RequestValue = (exchange: Exchange) => string | undefined;

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
  return (exchange) => {
    const [value] = find?.(documentOf(exchange.body)) ?? [];
    return value === undefined || value === null ? undefined : String(value);
  };
}
