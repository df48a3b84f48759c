import { describe, expect, it } from 'vitest';
import { usageReader } from '../../../src/policy/usage.ts';
import { verdict } from '../../../src/policy/verdict.ts';
import { answered, exchangeOf, FakeClock, Notes } from './fixtures.ts';

const RULES = [
  { header: 'X-App-Usage', name: 'app', percent: { call_count: 'call_count', time: 'total_time' } },
  { header: 'X-Business-Use-Case-Usage', name: 'account', percent: { call_count: '[*][*].call_count' } },
];

function reading() {
  const clock = new FakeClock();
  const observer = new Notes();
  const read = usageReader('whatsapp', RULES, { clock, observer });
  if (read === undefined) throw new Error('no reader');
  return { clock, observer, read };
}

describe('what an upstream says of its limits', () => {
  it('is told as shares, those of several accounts as the highest and without their names', () => {
    const { observer, read } = reading();
    const accounts = { 102290129340398: [{ call_count: 85 }, { call_count: 12 }], 7: [{ call_count: 104 }] };
    read(['x-app-usage', '{"call_count":28,"total_cputime":25,"total_time":0}', 'x-business-use-case-usage', JSON.stringify(accounts)]);
    expect(observer.usage).toEqual([
      ['whatsapp', 'app_call_count', 0.28],
      ['whatsapp', 'app_time', 0],
      ['whatsapp', 'account_call_count', 1.04],
    ]);
  });

  it.each(['', 'null', '{"call_count":', '[28]', '{"call_count":"28","total_time":-1}', '"x"'])('is nothing where it is %j', (text) => {
    const { observer, read } = reading();
    read(['x-app-usage', text]);
    read([]);
    expect(observer.usage).toEqual([]);
  });

  it('is not read again within seconds of the same words', () => {
    const { clock, observer, read } = reading();
    const say = (percent: number): void => read(['x-app-usage', `{"call_count":${percent}}`]);
    for (const percent of [1, 1, 2, 1]) say(percent);
    clock.advance(6000);
    say(1);
    expect(observer.usage.map(([, , ratio]) => ratio)).toEqual([0.01, 0.02, 0.01, 0.01]);
  });

  it('is read in answers of any status, and by nobody where the configuration names none', async () => {
    const { clock, observer, read } = reading();
    for (const [status, percent] of [
      [200, 10],
      [404, 20],
      [429, 30],
    ] as const) {
      const given = answered(status, '', ['x-app-usage', `{"call_count":${percent}}`]);
      await verdict({ classify: [], pushback: [], usage: read }, clock)(() => Promise.resolve(given))(exchangeOf());
    }
    expect(observer.usage.map(([, , ratio]) => ratio)).toEqual([0.1, 0.2, 0.3]);
    expect(usageReader('api', [], { clock, observer })).toBeUndefined();
  });
});
