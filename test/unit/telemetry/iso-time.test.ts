import fc from 'fast-check';
import { expect, it } from 'vitest';
import { IsoTime } from '../../../src/telemetry/iso-time.ts';

it('writes times as Date does, in whatever order they come', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4_000_000_000_000 })), fc.array(fc.nat(5000)), (far, near) => {
      const iso = new IsoTime();
      for (const at of [...far, ...near]) expect(iso.of(at)).toBe(new Date(at).toISOString());
    }),
  );
});
