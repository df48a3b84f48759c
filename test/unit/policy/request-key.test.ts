import { describe, expect, it } from 'vitest';
import { requestKey } from '../../../src/policy/request-key.ts';
import { exchangeOf } from './fixtures.ts';

const keyOf = (...headers: string[]): string | undefined => requestKey(exchangeOf({ method: 'POST', path: '/messages', headers, body: '{}' }));

describe('the key of a request', () => {
  it.each(['authorization', 'x-rapidapi-key', 'ocp-apim-subscription-key', 'x-auth-token', 'x-session-id', 'cookie', 'idempotency-key'])(
    'is another for who differs in %s alone',
    (name) => {
      expect(keyOf(name, 'one')).not.toBe(keyOf(name, 'other'));
      expect(keyOf(name, 'one')).toBe(keyOf(name, 'one'));
    },
  );

  it.each(['x-csrf-token', 'x-signature', 'x-amz-nonce', 'traceparent', 'user-agent'])('is the same whatever %s says', (name) => {
    expect(keyOf(name, 'one')).toBe(keyOf(name, 'other'));
  });

  it('does not depend on the order of fields', () => {
    expect(keyOf('authorization', 'a', 'apikey', 'b')).toBe(keyOf('apikey', 'b', 'authorization', 'a'));
  });
});
