import { createHash } from 'node:crypto';
import { type Answer, bytesAnswer, emptyAnswer } from './answer.ts';
import type { Matchable } from './match.ts';

/** Answers a GET of stored bytes: a strong ETag, `If-None-Match`, one `Range` with `If-Range` (RFC 9110 sections 13 and 14). */
export function serveBytes(bytes: Buffer, request: Matchable, headers: Record<string, string>): Answer {
  const etag = `"${createHash('md5').update(bytes).digest('hex')}"`;
  const fields = { etag, 'accept-ranges': 'bytes', ...headers };
  if (request.headers['if-none-match'] === etag || request.headers['if-none-match'] === '*') return emptyAnswer(304, fields);
  const ifRange = request.headers['if-range'];
  const range =
    ifRange === undefined || ifRange === etag || ifRange === fields['last-modified' as keyof typeof fields] ? request.headers['range'] : undefined;
  const wanted = range === undefined ? undefined : parseRange(range, bytes.length);
  if (wanted === undefined) return bytesAnswer(200, bytes, fields);
  if (wanted === 'unsatisfiable') return emptyAnswer(416, { ...fields, 'content-range': `bytes */${bytes.length}` });
  const { first, last } = wanted;
  return bytesAnswer(206, bytes.subarray(first, last + 1), { ...fields, 'content-range': `bytes ${first}-${last}/${bytes.length}` });
}

function parseRange(text: string, size: number): { first: number; last: number } | 'unsatisfiable' | undefined {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(text) ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return undefined;
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  return first >= size || last < first ? 'unsatisfiable' : { first, last };
}
