/** One kibibyte of JSON, as a row of an API may look. */
export const ONE_KIB = jsonOf(1024);

/** Sizes that the origins serve, by the last segment of the path. */
export const SIZES: Readonly<Record<string, number>> = { '1k': 1024, '100k': 100 * 1024, '10m': 10 * 1024 * 1024 };

/** A JSON document of exactly `size` bytes. */
export function jsonOf(size: number): Buffer {
  const head = '{"id":1,"name":"bench","text":"';
  const tail = '"}';
  return Buffer.from(head + 'x'.repeat(size - head.length - tail.length) + tail);
}
