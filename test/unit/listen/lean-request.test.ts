import { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LeanRequest } from '../../../src/listen/lean-request.ts';

function requestWith(raw: string[]): LeanRequest {
  const request = new LeanRequest(new Socket());
  request.rawHeaders = raw;
  return request;
}

describe('what a request says of itself by name', () => {
  it('is what is asked for, in whatever letters it came, and nothing else', () => {
    const request = requestWith([
      'Host',
      'a.test',
      'TE',
      'trailers',
      'Content-Length',
      '3',
      'X-Upgra',
      'x',
      'EXPECT',
      '100-continue',
      'Cookie',
      'secret',
    ]);
    expect(request.headers).toEqual({ 'content-length': '3', expect: '100-continue' });
    expect(request.headers).toBe(request.headers);
  });

  it('is one list where it is said several times', () => {
    expect(requestWith(['upgrade', 'a', 'Upgrade', 'b', 'transfer-encoding', 'chunked']).headers).toEqual({
      upgrade: 'a, b',
      'transfer-encoding': 'chunked',
    });
  });

  it('is nothing for most, whatever their fields are called', () => {
    const name = fc
      .string({ minLength: 1, unit: 'binary-ascii' })
      .filter((text) => !/^(content-length|expect|transfer-encoding|upgrade)$/i.test(text));
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string())), (fields) => {
        expect(Object.keys(requestWith(fields.flat()).headers)).toEqual([]);
      }),
    );
  });
});
