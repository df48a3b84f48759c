import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/model/outcome.ts';
import { RawUpstream } from '../upstream/fixtures.ts';
import { chain, request } from './fixtures.ts';

const SILENT = (): void => undefined;
const BREAKER = { breaker: { consecutive: 2 } };

/** Which limit a failed exchange met. */
function limitOf(outcome: Outcome): string | undefined {
  return outcome.type === 'failure' ? outcome.limit : outcome.source === 'proxy' ? String(outcome.status) : undefined;
}

describe('a client that says how long it waits', () => {
  it('does not open the breaker for everybody by waiting for less than the configuration does', async () => {
    await using upstream = await RawUpstream.start(SILENT);
    await using api = chain(upstream.authority, { ...BREAKER, timeouts: { total: '5s', deadlineHeader: 'X-Deadline' } });
    for (let i = 0; i < 4; i++) {
      const exchange = request(upstream.authority, { headers: ['x-deadline', '0.03'] });
      expect(limitOf(await api.service(exchange))).toBe('504');
      expect(exchange.attempts?.map(({ failure }) => failure?.limit)).toEqual(['deadlineHeader']);
    }
    expect(api.breakers.list.map(({ state }) => state)).toEqual(['closed']);
  });

  it('shows a silent upstream where it waits for as long as is fair, though for less than the configuration does', async () => {
    await using upstream = await RawUpstream.start(SILENT);
    await using api = chain(upstream.authority, { ...BREAKER, timeouts: { total: '100ms', deadlineHeader: 'X-Deadline' } });
    for (let i = 0; i < 2; i++) {
      const exchange = request(upstream.authority, { headers: ['x-deadline', '60ms'] });
      await api.service(exchange);
      expect(exchange.attempts?.map(({ failure }) => failure?.limit)).toEqual(['total']);
    }
    expect(api.breakers.list.map(({ state }) => state)).toEqual(['open']);
  });

  it('shows as much as others where a limit of the configuration comes first', async () => {
    await using upstream = await RawUpstream.start(SILENT);
    for (const limit of ['headers', 'total']) {
      await using api = chain(upstream.authority, { ...BREAKER, timeouts: { [limit]: '20ms', deadlineHeader: 'X-Deadline' } });
      for (let i = 0; i < 2; i++) await api.service(request(upstream.authority, { headers: ['x-deadline', '4'] }));
      expect(api.breakers.list.map(({ state }) => state)).toEqual(['open']);
    }
  });
});
