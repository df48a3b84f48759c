import { describe, expect, it } from 'vitest';
import { Journal } from '../../../src/telemetry/journal.ts';
import { exchangeOf } from '../policy/fixtures.ts';

describe('the journal under load', () => {
  it('keeps the first of each second of what is uneventful, and all of what is not', () => {
    const journal = new Journal(1000);
    const plain = exchangeOf();
    const kept = (second: number): number => Array.from({ length: 500 }, () => journal.wants(plain, 'ok', second * 1000 + 1)).filter(Boolean).length;
    expect([kept(7), kept(8)]).toEqual([100, 100]);
    expect(journal.wants(plain, 'failed', 8001)).toBe(true);
    expect(journal.wants(plain, 'client_closed', 8001)).toBe(true);
    const retried = exchangeOf();
    retried.attempt = 2;
    expect(journal.wants(retried, 'ok', 8001)).toBe(true);
    expect(journal.wants(plain, 'ok', 8002)).toBe(false);
  });
});
