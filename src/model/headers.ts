/**
 * Header fields as one flat array: name, value, name, value. Names are lower-case; the order and the
 * repetition of fields are kept (RFC 9110 section 5.3). Flat, because Node and undici both take and give
 * this shape, so that nothing is converted on the hot path.
 */
export type HeaderList = readonly string[];

/** The first value of a field, or undefined. `name` must be lower-case. */
export function headerValue(headers: HeaderList, name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1];
  return undefined;
}

/** All values of a field, in order. `name` must be lower-case. */
export function headerValues(headers: HeaderList, name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) values.push(headers[i + 1] ?? '');
  return values;
}

/** All values of a field joined as one list (RFC 9110 section 5.3), or undefined where the field is absent. */
export function headerList(headers: HeaderList, name: string): string | undefined {
  const values = headerValues(headers, name);
  return values.length === 0 ? undefined : values.join(', ');
}

/** The same fields without those that `drop` names. */
export function withoutHeaders(headers: HeaderList, drop: (name: string) => boolean): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!drop(name)) kept.push(name, headers[i + 1] ?? '');
  }
  return kept;
}

/** The same fields with `name` set once to `value`, any earlier ones replaced. */
export function withHeader(headers: HeaderList, name: string, value: string): string[] {
  const list = withoutHeaders(headers, (other) => other === name);
  list.push(name, value);
  return list;
}

/**
 * Fields that describe one connection, never the message (RFC 9110 section 7.6.1): a proxy removes them both ways.
 * `te: trailers` goes too, since trailers are not promised to be kept.
 */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The same fields without those that `Connection` names as its own (RFC 9110 section 7.6.1); `connection` is all that it says, as one list. Names are lower-case. */
export function withoutNominated(headers: string[], connection: string | undefined): string[] {
  if (connection === undefined || connection === 'keep-alive' || /^(?:keep-alive|close)$/i.test(connection)) return headers;
  const nominated = new Set(connection.split(',').map((token) => token.trim().toLowerCase()));
  return withoutHeaders(headers, (name) => nominated.has(name));
}

/** The fields of a message that pass on, names in lower case, of those that came (RFC 9110 section 7.6.1). */
export function endToEnd(raw: readonly string[]): string[] {
  const list: string[] = [];
  let connection: string | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    const value = raw[i + 1] ?? '';
    if (!HOP_BY_HOP.has(name)) list.push(name, value);
    else if (name === 'connection') connection = connection === undefined ? value : `${connection},${value}`;
  }
  return withoutNominated(list, connection);
}
