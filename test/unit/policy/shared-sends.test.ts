import { describe, expect, it } from 'vitest';
import { failure } from '../../../src/model/failure.ts';
import { Ledger, Sent } from '../../../src/policy/ledger.ts';
import { SharedSends } from '../../../src/policy/shared-sends.ts';
import type { UpstreamSharing } from '../../../src/policy/sharing.ts';
import { FakeClock } from './fixtures.ts';

const UNKNOWN = failure({ code: 'http_response_timeout', phase: 'headers', kind: 'timeout', replay: 'ambiguous', detail: 'x' });

/** Two processes, 0 and 1, each with its sendings; `tell` carries what they have to say. */
function processes(): { sends: SharedSends[]; ledgers: Ledger[]; tell: () => void; kill: (worker: number) => void } {
  const clock = new FakeClock();
  const ledgers = [new Ledger(clock), new Ledger(clock)];
  const dead = new Set<number>();
  const sharing: UpstreamSharing = {
    dirty: () => undefined,
    claimProbes: () => Promise.resolve(undefined),
    prolonged: () => undefined,
    claimSent: (owner, key, waitMs) =>
      dead.has(owner) ? Promise.reject(new Error('dead')) : (sends[owner] as SharedSends).release(ledgers[owner] as Ledger, key, waitMs),
  };
  const sends: SharedSends[] = [new SharedSends(sharing, clock), new SharedSends(sharing, clock)];
  const tell = (): void => {
    for (const [from, each] of sends.entries()) sends[1 - from]?.hear(each.takeUntold(), from);
  };
  return { sends, ledgers, tell, kill: (worker) => dead.add(worker) };
}

/** A sending of process 0 whose client has left. */
function left(sends: readonly SharedSends[], ledgers: readonly Ledger[]): Sent {
  const sent = new Sent('k', 30_000);
  sends[0]?.started('k');
  ledgers[0]?.add(sent, 1000);
  sends[0]?.remembered('k');
  return sent;
}

describe('sendings that several processes know of', () => {
  it('are found where they were sent, once their outcome is known, and by one request only', async () => {
    const { sends, ledgers, tell } = processes();
    const sent = left(sends, ledgers);
    tell();
    expect(sends[1]?.knows('k')).toBe(true);
    const claimed = sends[1]?.claim('k', Infinity);
    const answer = { status: 200, headers: [], bytes: new Uint8Array() };
    setImmediate(() => setImmediate(() => setImmediate(() => sent.settle({ name: 'answered', answer }))));
    expect(await claimed).toEqual({ name: 'answered', answer });
    tell();
    expect(sends[1]?.knows('k')).toBe(false);
    expect(ledgers[0]?.size).toBe(0);
  });

  it('are forgotten by all when their client got the answer', () => {
    const { sends, tell } = processes();
    sends[0]?.started('k');
    tell();
    expect(sends[1]?.knows('k')).toBe(true);
    sends[0]?.over('k');
    tell();
    expect(sends[1]?.knows('k')).toBe(false);
  });

  it('are requests of their own while the client of the first is still there', async () => {
    const { sends, tell } = processes();
    sends[0]?.started('k');
    tell();
    expect(await sends[1]?.claim('k', Infinity)).toBeUndefined();
  });

  it('are found by a client that comes back before its departure was noticed', async () => {
    const { sends, ledgers, tell } = processes();
    sends[0]?.started('k');
    tell();
    const claimed = sends[1]?.claim('k', Infinity);
    setImmediate(() => left(sends, ledgers).settle({ name: 'unknown', failure: UNKNOWN }));
    expect(await claimed).toMatchObject({ name: 'unknown' });
  });

  it('stay where they are while they run longer than anyone waits', async () => {
    const { sends, ledgers, tell } = processes();
    const sent = left(sends, ledgers);
    tell();
    expect(await sends[1]?.claim('k', 1_000_000)).toEqual({ name: 'running' });
    expect(ledgers[0]?.has(sent)).toBe(true);
    expect(sends[1]?.knows('k')).toBe(true);
  });

  it('have an unknown outcome when the process that sent them has died', async () => {
    const { sends, tell, kill } = processes();
    sends[0]?.started('k');
    tell();
    kill(0);
    expect(await sends[1]?.claim('k', Infinity)).toMatchObject({ name: 'unknown', failure: { replay: 'ambiguous' } });
  });
});
