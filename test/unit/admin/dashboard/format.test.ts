import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ago, bytes, clockTime, count, latency, NONE, percent, rate, span } from '../../../../src/admin/dashboard/page/model/format.ts';

describe('what the dashboard writes for', () => {
  it.each([
    [0.123, '0.1 ms'],
    [9.94, '9.9 ms'],
    [9.96, '10 ms'],
    [420.4, '420 ms'],
    [999.6, '1.00 s'],
    [7000, '7.00 s'],
    [45_000, '45.0 s'],
    [120_000, '120 s'],
  ])('a latency of %f ms', (ms, text) => expect(latency(ms)).toBe(text));

  it.each([
    [-5, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [125_000, '2 min 5 s'],
    [3_600_000, '1 h'],
    [11_400_000, '3 h 10 min'],
    [1_051_200_000, '12 d 4 h'],
  ])('a span of %i ms', (ms, text) => expect(span(ms)).toBe(text));

  it.each([
    [0, '0 %'],
    [0.0004, '<0.1 %'],
    [0.034, '3.4 %'],
    [0.6667, '67 %'],
    [0.993, '99.3 %'],
    [0.9996, '>99.9 %'],
    [1, '100 %'],
  ])('a share of %f', (share, text) => expect(percent(share)).toBe(text));

  it('a share: nought and all only where it is so', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true }), (share) => {
        expect(['0 %', '100 %', '0.0 %', '100.0 %']).not.toContain(percent(share));
      }),
    );
  });

  it.each([
    [0, '0'],
    [0.004, '<0.01'],
    [0.1, '0.10'],
    [0.999, '1.0'],
    [1.44, '1.4'],
    [250.4, '250'],
  ])('%f per second', (value, text) => expect(rate(value)).toBe(text));

  it('counts, sizes and times', () => {
    expect([count(999), count(1_234_567), bytes(312), bytes(4200), bytes(5e6)]).toEqual([
      '999',
      '1\u2009234\u2009567',
      '312 B',
      '4.1 KiB',
      '4.8 MiB',
    ]);
    expect(clockTime('2026-01-02T03:04:05.678Z')).toMatch(/^\d\d:\d4:05$/);
    expect(clockTime('<script>')).toBe(NONE);
  });

  it('an age, also where the clocks do not agree', () => {
    const now = Date.parse('2026-01-02T03:04:05Z');
    expect(ago('2026-01-02T03:02:00Z', now)).toBe('2 min 5 s ago');
    expect(ago('2026-01-02T03:04:09Z', now)).toBe('just now');
    expect([ago(null, now), ago('never', now)]).toEqual([NONE, NONE]);
  });

  it('what is not known', () => expect([latency(null), percent(undefined), rate(null), latency(Number.NaN)]).toEqual([NONE, NONE, NONE, NONE]));
});
