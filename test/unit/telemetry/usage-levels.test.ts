import { describe, expect, it } from 'vitest';
import { Stats } from '../../../src/telemetry/stats.ts';
import { UsageLevels } from '../../../src/telemetry/usage-levels.ts';
import { listening } from './fixtures.ts';

const NOW = 1_700_000_000_000;

/** What is known of one limit after it was told so, by seconds. */
function after(...told: [second: number, ratio: number][]): number | undefined {
  const levels = new UsageLevels();
  for (const [second, ratio] of told) levels.told({ kind: 'app_call_count', ratio, at: NOW + second * 1000 });
  return levels.read(NOW + (told.at(-1)?.[0] ?? 0) * 1000)[0]?.ratio;
}

describe('the level of a limit', () => {
  it.each<[string, [number, number][], number | undefined]>([
    [
      'is what was told last',
      [
        [0, 0.5],
        [61, 0.2],
      ],
      0.2,
    ],
    [
      'rises at once',
      [
        [0, 0.2],
        [1, 0.5],
      ],
      0.5,
    ],
    [
      'stays through lower ones of another account',
      [
        [0, 0.9],
        [1, 0.1],
        [2, 0.9],
        [3, 0.1],
      ],
      0.9,
    ],
    [
      'falls once it has not been told for a minute',
      [
        [0, 0.9],
        [30, 0.1],
        [61, 0.1],
      ],
      0.1,
    ],
    [
      'is higher where another process heard so lately',
      [
        [30, 0.1],
        [0, 0.9],
      ],
      0.9,
    ],
    [
      'is not what another process heard long ago',
      [
        [100, 0.1],
        [0, 0.9],
      ],
      0.1,
    ],
  ])('%s', (_what, told, expected) => {
    expect(after(...told)).toBe(expected);
  });

  it('is forgotten after an hour', () => {
    const levels = new UsageLevels();
    levels.told({ kind: 'app_call_count', ratio: 1, at: NOW });
    expect([levels.read(NOW + 3_600_000).length, levels.read(NOW + 3_600_001).length]).toEqual([1, 0]);
  });

  it('is a gauge, and that of several processes the highest', async () => {
    const { telemetry, clock } = listening();
    const worker = new Stats();
    worker.upstream('whatsapp').usage.told({ kind: 'app_call_count', ratio: 0.9, at: clock.wallNow() });
    telemetry.usageTold('whatsapp', 'app_call_count', 0.4);
    telemetry.stats.absorb(worker.export(0), 0);
    const { body } = await telemetry.metrics.expose(undefined);
    expect(body).toContain('\nbreakwater_upstream_usage_ratio{upstream="whatsapp",kind="app_call_count"} 0.9\n');
  });
});
