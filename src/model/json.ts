/** The document of a JSON text that is an object; undefined where it is none, or no JSON. Its members are still to be looked at. */
export function parseObject(text: string | Buffer): Readonly<Record<string, unknown>> | undefined {
  const document = parseJson(text);
  return typeof document === 'object' && document !== null ? (document as Record<string, unknown>) : undefined;
}

/** Whether a value is an object with members, and no list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The document of a JSON text (RFC 8259); undefined where it is none. */
export function parseJson(text: string | Buffer): unknown {
  try {
    return JSON.parse(typeof text === 'string' ? text : text.toString('utf8'));
  } catch {
    return undefined;
  }
}
