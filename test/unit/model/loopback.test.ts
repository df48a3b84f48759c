import { describe, expect, it } from 'vitest';
import { isLoopbackOnly } from '../../../src/model/loopback.ts';

describe('a host that this machine alone can reach', () => {
  it.each(['localhost', '127.0.0.1', '127.8.9.10', '::1', '[::1]'])('is %s', (host) => expect(isLoopbackOnly(host)).toBe(true));

  it.each(['0.0.0.0', '::', '10.0.0.1', '127.example', '127.0.0.1.example', 'localhost.example', ''])('is not %s', (host) =>
    expect(isLoopbackOnly(host)).toBe(false),
  );
});
