import { describe, expect, it } from 'vitest';
import { slotOfKey } from '../../../src/cache/stores/redis-slots.ts';

describe('the slot of a key in a Redis Cluster', () => {
  // as CLUSTER KEYSLOT says
  it.each([
    ['123456789', 12_739],
    ['foo', 12_182],
    ['', 0],
    ['{user1000}.following', 3443],
    ['user1000', 3443],
    ['foo{}{bar}', 8363],
    ['foo{{bar}}zap', 4015],
    ['foo{bar}{zap}', 5061],
    ['open{brace', 2228],
    ['schlüssel', 7677],
  ])('of %j is %i', (key, slot) => {
    expect(slotOfKey(key)).toBe(slot);
  });
});
