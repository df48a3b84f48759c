import { expect, it } from 'vitest';
import type { Commander } from '../../../src/cache/stores/redis-commander.ts';
import { RedisLink } from '../../../src/cache/stores/redis-link.ts';

it('says what is wrong with a server once that is known, although it first seemed to be away', async () => {
  const errors = [new Error('Connection timeout'), new Error('Connection timeout'), new Error("ERR unknown command 'eval'")];
  const notices: string[] = [];
  const known = Promise.withResolvers<void>();
  let trials = 0;
  const commander: Commander = {
    send: () => Promise.resolve(),
    servers: () => Promise.resolve([]),
    connect: () => undefined,
    subscribe: () => undefined,
    isTolerable: () => false,
    destroy: () => undefined,
  };
  const link = new RedisLink({
    connection: () => commander,
    timeoutMs: 10_000,
    revive: () => Promise.reject(errors[Math.min(trials++, 2)] ?? new Error('none')),
    notice: (text) => {
      notices.push(text);
      if (text.includes('Sentinel')) known.resolve();
    },
  });
  await known.promise;
  link.close();
  expect(notices).toEqual([
    'the cache in Redis does not answer, requests pass it by: Connection timeout',
    expect.stringContaining('it is no Redis that runs scripts; a Sentinel, perhaps'),
  ]);
});
