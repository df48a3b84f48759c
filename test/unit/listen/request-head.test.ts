import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOP_BY_HOP } from '../../../src/model/headers.ts';
import { HeadReader } from '../../../src/listen/request-head.ts';

function read(raw: string[], version = '1.1') {
  return new HeadReader().read(raw, version);
}

describe('the fields of a request', () => {
  it('lose what concerns the connection and what the listener has dealt with', () => {
    const raw = [
      'Host',
      'a',
      'Accept',
      '*/*',
      'Content-Length',
      '5',
      'Expect',
      '100-continue',
      'Proxy-Authorization',
      'Basic x',
      'Keep-Alive',
      '1',
      'Upgrade',
      'x',
    ];
    expect(read(raw)).toEqual({ type: 'head', headers: ['accept', '*/*'], host: 'a', length: 5, chunked: false, id: undefined });
  });

  it('lose what Connection names, whatever its spelling and however often it comes', () => {
    const raw = ['Host', 'a', 'X-One', '1', 'Connection', 'Keep-Alive, x-one', 'X-Two', '2', 'connection', ' X-TWO ', 'X-Three', '3'];
    expect(read(raw)).toMatchObject({ headers: ['x-three', '3'] });
  });

  it('keep everything else as it came, for any names and values', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9-]{1,20}$/).filter((text) => {
      const lower = text.toLowerCase();
      return !HOP_BY_HOP.has(lower) && !lower.startsWith('proxy-') && !['host', 'content-length', 'expect', 'http2-settings'].includes(lower);
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.stringMatching(/^[ -~]{0,30}$/))), (fields) => {
        const expected = fields.flatMap(([field, value]) => [field.toLowerCase(), value]);
        expect(read(['Host', 'a', ...fields.flat()])).toMatchObject({ type: 'head', headers: expected });
      }),
    );
  });

  it.each([
    [['Host', 'a:80', 'Host', 'a:80'], '1.1', 400],
    [[], '1.1', 400],
    [['Host', 'a b'], '1.1', 400],
    [['Host', 'user@a'], '1.1', 400],
    [['Host', 'a:b'], '1.1', 400],
    [['Host', 'a'], '2.0', 505],
    [['Host', 'a'], '0.9', 400],
    [['Host', 'a', 'Transfer-Encoding', 'gzip'], '1.1', 501],
    [['Host', 'a', 'Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked'], '1.1', 501],
    [['Host', 'a', 'Transfer-Encoding', 'chunked', 'Content-Length', '1'], '1.1', 400],
    [['Host', 'a', 'Content-Length', '1', 'Content-Length', '1'], '1.1', 400],
    [['Host', 'a', 'Transfer-Encoding', 'chunked'], '1.0', 400],
  ])('%j in HTTP/%s are refused', (raw, version, status) => {
    expect(read(raw, version)).toMatchObject({ type: 'refusal', status, reason: 'malformed' });
  });

  it.each(['a', 'a:8080', '[::1]', '[::1]:80', '127.0.0.1:1', '', 'graph.facebook.com'])('take %j as Host', (host) => {
    expect(read(['Host', host])).toMatchObject({ type: 'head', host });
  });

  it('may lack a Host in HTTP/1.0', () => {
    expect(read([], '1.0')).toMatchObject({ type: 'head', host: undefined });
  });
});
