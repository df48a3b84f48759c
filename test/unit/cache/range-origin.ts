import type { CacheStore } from '../../../src/cache/store.ts';
import type { CacheConfig } from '../../../src/config/schema.ts';
import type { Exchange } from '../../../src/model/exchange.ts';
import { headerValue } from '../../../src/model/headers.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { answered } from '../policy/fixtures.ts';
import { Bench, ok } from './fixtures.ts';

/** The first version of the file; the next has capital letters. */
export const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** An origin with one file, which answers range requests as RFC 9110 says. */
export class FileOrigin {
  content = LETTERS;
  tag = '"v1"';
  fields: string[] = ['cache-control', 'max-age=60', 'content-type', 'text/plain'];

  /** What was asked for, and under which condition. */
  readonly asked: string[] = [];

  readonly answer = (exchange: Exchange): Outcome => {
    const { headers } = exchange;
    this.asked.push(`${headerValue(headers, 'range') ?? 'whole'} ${headerValue(headers, 'if-range') ?? ''}`.trim());
    return this.answerTo(exchange);
  };

  readonly answerTo = ({ headers, method }: Exchange): Outcome => {
    const own = ['etag', this.tag, ...this.fields];
    if (headerValue(headers, 'if-none-match')?.includes(this.tag) === true) return answered(304, '', own);
    const wanted = /^bytes=(\d*)-(\d*)$/.exec(headerValue(headers, 'range') ?? '');
    const condition = headerValue(headers, 'if-range');
    if (method === 'HEAD') return answered(200, '', [...own, 'content-length', String(this.content.length)]);
    if (wanted === null || (condition !== undefined && condition !== this.tag)) return ok(this.content, ...own);
    const size = this.content.length;
    const first = wanted[1] === '' ? size - Number(wanted[2]) : Number(wanted[1]);
    const last = wanted[1] === '' || wanted[2] === '' ? size - 1 : Math.min(Number(wanted[2]), size - 1);
    if (first > last) return answered(416, '', ['content-range', `bytes */${size}`]);
    return answered(206, this.content.slice(first, last + 1), [...own, 'content-range', `bytes ${first}-${last}/${size}`]);
  };
}

/** A cache around such an origin. */
export function setUpRanges(config: CacheConfig = {}, store?: CacheStore) {
  const origin = new FileOrigin();
  const bench = new Bench(config, origin.answer, {}, store);
  const get = (range?: string, ...more: string[]) => bench.get({ headers: range === undefined ? more : ['range', `bytes=${range}`, ...more] });
  const asked = (): string[] => origin.asked;
  return { origin, bench, get, asked };
}
