import { describe, expect, it } from 'vitest';
import { loadAuthority } from '../../../src/tls/load-authority.ts';
import { intercepted } from '../../support/connect.ts';
import { echo, startListener } from '../../support/listener.ts';
import { scratchDirectory } from '../../support/scratch.ts';

const LIMITS = { headerBytes: 1000, bodyBytes: 1000, requestTimeoutMs: 0 };

describe('a client without a limit of time', () => {
  it('is intercepted as any other', async () => {
    await using scratch = await scratchDirectory();
    const authority = await loadAuthority(scratch.path);
    await using listener = await startListener(echo, { limits: LIMITS, authority: () => Promise.resolve(authority) });
    const { client } = await intercepted('api.example', listener.port, authority.caPem);
    using _client = client;
    await client.send('GET /v1 HTTP/1.1\r\nHost: api.example\r\n\r\n').until('GET /v1 none');
    expect(listener.notes.rejections).toEqual([]);
  });
});
