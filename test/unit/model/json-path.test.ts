import { describe, expect, it } from 'vitest';
import { parseJsonPath } from '../../../src/model/json-path.ts';

const DOCUMENT = {
  error: {
    code: 429,
    details: [
      { '@type': 'x/RetryInfo', retryDelay: '26s' },
      { '@type': 'x/Help', n: [1, 2] },
    ],
  },
};

describe('a JSON path', () => {
  it.each([
    ['error.code', [429]],
    ['error.details[*].retryDelay', ['26s']],
    ['error.details[?@type~RetryInfo].retryDelay', ['26s']],
    ['error.details[?@type=x/Help].n[*]', [1, 2]],
    ['error.details[1].n[0]', [1]],
    ['[*].code', [429]],
    ['error.details[*][*]', ['x/RetryInfo', '26s', 'x/Help', [1, 2]]],
    ['error.code[*]', []],
    ['error.details[0].retryDelay[*]', []],
    ['error.missing.deep', []],
    ['error.code[0]', []],
    ['__proto__', []],
  ])('%s', (path, expected) => {
    expect(parseJsonPath(path)?.(DOCUMENT)).toEqual(expected);
  });

  it.each(['', 'a[', 'a[?x]', 'a..b', 'a[-1]'])('refuses %j', (path) => {
    expect(parseJsonPath(path)).toBeUndefined();
  });

  it('finds nothing in what is no object', () => {
    expect([null, undefined, 3, 'x', []].map((value) => parseJsonPath('a.b')?.(value))).toEqual([[], [], [], [], []]);
  });
});
