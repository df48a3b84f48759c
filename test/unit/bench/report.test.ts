import { describe, expect, it } from 'vitest';
import { barChart } from '../../../bench/report/chart.ts';
import { scenarioText, targetsText } from '../../../bench/report/markdown.ts';
import { cpuSummary, heapSummary } from '../../../bench/report/profiles.ts';
import { type CaseResult, type Row, type ScenarioResult, type Taken, withCase } from '../../../bench/report/results.ts';
import { isSettled, pooled, verdictOf } from '../../../bench/report/smoke-verdict.ts';
import { ratio } from '../../../bench/report/summary.ts';
import { judge, TARGETS } from '../../../bench/report/targets.ts';
import { SCENARIOS } from '../../../bench/scenarios/all.ts';

const row = (name: string, ...rates: (number | null)[]): Row => ({
  name,
  title: name,
  version: '1.0',
  samples: rates.map((perSecond) => (perSecond === null ? null : { perSecond, p50Us: perSecond })),
});

const taken: Taken = {
  date: '2026-01-02T00:00:00Z',
  machine: { cpu: 'a cpu', cores: 2, memoryGib: 8, system: 'a system', node: '26' },
  origin: 'nginx',
  rounds: 3,
  seconds: 1,
  warmUp: 1,
};

const caseOf = (rows: readonly Row[], more: Partial<CaseResult> = {}): CaseResult => ({
  name: '32 connections',
  taken,
  columns: [{ key: 'perSecond', label: 'req/s' }],
  metric: 'perSecond',
  better: 'higher',
  baseline: 'forwarder',
  aa: [1],
  void: false,
  rows,
  ...more,
});

const resultOf = (one: CaseResult, scenario = 'plain'): ScenarioResult => ({
  scenario,
  title: 'Plain',
  text: 'How.',
  cases: [one],
});

describe('ratios of a case', () => {
  it('are medians of the ratios of each round, not ratios of medians', () => {
    const found = ratio(caseOf([row('forwarder', 100, 200, 10), row('breakwater', 90, 100, 10)]), 'breakwater', 'forwarder');
    expect(found).toEqual({ median: 0.9, min: 0.5, max: 1 });
  });

  it('leave out rounds that failed', () => {
    expect(ratio(caseOf([row('forwarder', 100, 100), row('breakwater', null, 50)]), 'breakwater', 'forwarder')?.median).toBe(0.5);
  });

  it('are none for who was not measured', () => {
    expect(ratio(caseOf([row('forwarder', 100)]), 'breakwater', 'forwarder')).toBeUndefined();
  });
});

describe('the smoke guard', () => {
  const pair = (...rates: number[]): readonly Row[] => [row('forwarder', ...rates.map(() => 100)), row('breakwater', ...rates)];

  it('passes from 0.7 of the bare forwarder', () => {
    expect(verdictOf(caseOf(pair(70, 71, 60))).passed).toBe(true);
  });

  it('takes the share of the cost where cost is measured', () => {
    const costs = [row('forwarder', 40, 40), row('breakwater', 50, 80)];
    expect(verdictOf(caseOf(costs, { better: 'lower' }))).toEqual({ passed: false, text: 'failed: 0.65 is below 0.7' });
  });

  it('judges several runs as one', () => {
    const restless = caseOf(pair(50, 50), { aa: [1.5, 1.2], void: true });
    const quiet = caseOf(pair(80, 80, 80), { aa: [1, 0.98, 1.02] });
    expect(pooled([restless]).void).toBe(true);
    expect(verdictOf(pooled([restless, quiet]))).toEqual({ passed: true, text: 'passed: 0.80 is at least 0.7' });
  });

  it('is settled where three rounds in four say the same', () => {
    expect(isSettled(caseOf(pair(80, 90, 72, 71, 50)))).toBe(true);
    expect(isSettled(caseOf(pair(60, 50, 65, 69, 90)))).toBe(true);
  });

  it('takes more rounds where they contradict one another, or the baseline itself', () => {
    expect(isSettled(caseOf(pair(39, 76, 103, 87, 63)))).toBe(false);
    expect(isSettled(caseOf(pair(80, 90, 85), { void: true }))).toBe(false);
    expect(isSettled(caseOf([row('forwarder', 100)]))).toBe(false);
  });

  it('fails below, and says the ratio', () => {
    expect(verdictOf(caseOf(pair(69)))).toEqual({ passed: false, text: 'failed: 0.69 is below 0.7' });
  });

  it('fails as inconclusive where the machine was restless', () => {
    const verdict = verdictOf(caseOf(pair(100), { void: true }));
    expect(verdict.passed).toBe(false);
    expect(verdict.text).toMatch(/^inconclusive/);
  });

  it('fails where Breakwater was not measured', () => {
    expect(verdictOf(caseOf([row('forwarder', 100)])).passed).toBe(false);
  });
});

describe('targets', () => {
  const [first] = TARGETS;
  const stateOf = (one: CaseResult): string | undefined => first && judge(first, [resultOf(one)]).state;

  it('each name a scenario and a case that there is', () => {
    const known = SCENARIOS.flatMap(({ name, cases }) => cases.map((one) => `${name}: ${one.name}`));
    expect(TARGETS.map((target) => `${target.scenario}: ${target.case}`).filter((name) => !known.includes(name))).toEqual([]);
  });

  it('are met, missed, void or not measured', () => {
    expect(stateOf(caseOf([row('forwarder', 100), row('breakwater', 85)]))).toBe('met');
    expect(stateOf(caseOf([row('forwarder', 100), row('breakwater', 84)]))).toBe('missed');
    expect(stateOf(caseOf([row('forwarder', 100), row('breakwater', 85)], { void: true }))).toBe('void');
    expect(stateOf(caseOf([row('forwarder', 100)]))).toBe('not measured');
  });

  it('take what a proxy adds as its latency less the direct one', () => {
    const target = TARGETS.find(({ text }) => text.includes('at 200 req/s: within 2'));
    const one = caseOf([row('direct', 100), row('haproxy', 200), row('breakwater', 250)], { name: '200 req/s', metric: 'p50Us' });
    expect(target && judge(target, [resultOf(one, 'low-rate')])).toMatchObject({ state: 'met', value: 1.5 });
  });

  it('only tell a figure for which there is no goal', () => {
    const target = TARGETS.find(({ text }) => text.includes('bare forwarder at 50 req/s, times that of a byte pipe'));
    const one = caseOf([row('direct', 100), row('byte-pipe', 200), row('forwarder', 600)], { name: '50 req/s', metric: 'addedP50Us' });
    expect(target && judge(target, [resultOf(one, 'low-rate')])).toMatchObject({ state: 'no goal', value: 5 });
    expect(targetsText([resultOf(one, 'low-rate')])).toContain('at 50 req/s, times that of a byte pipe | - | 5.00 | no goal |');
  });

  it('take the memory of streams as what is above the forwarder at its peak', () => {
    const target = TARGETS.find(({ text }) => text.startsWith('10 MiB up: peak RSS less than'));
    const resident = (name: string, ...peaks: number[]): Row => ({ ...row(name), samples: peaks.map((peakMib) => ({ peakMib })) });
    const stateFor = (mine: number): unknown => {
      const one = caseOf([resident('forwarder', 150, 160, 170), resident('breakwater', mine, mine, 500)], { name: '10 MiB up, 4 connections' });
      return target && judge(target, [resultOf(one, 'streams')]).state;
    };
    expect([stateFor(199), stateFor(201)]).toEqual(['met', 'missed']);
  });
});

describe('what is kept of a scenario', () => {
  const [scenario] = SCENARIOS;
  const at = (name: string, rate = 1): CaseResult => caseOf([row('forwarder', rate)], { name });
  const namesIn = (result: ScenarioResult | undefined): string[] | undefined => result?.cases.map(({ name }) => name);

  it('has a new case beside the others, in the order of the scenario', () => {
    const kept = scenario && withCase(scenario, undefined, at('1024 connections'));
    expect(namesIn(kept)).toEqual(['1024 connections']);
    expect(namesIn(scenario && withCase(scenario, kept, at('1 connection')))).toEqual(['1 connection', '1024 connections']);
  });

  it('has the later of two runs of a case', () => {
    const kept = scenario && withCase(scenario, undefined, at('1 connection', 1));
    expect(scenario && withCase(scenario, kept, at('1 connection', 2)).cases).toEqual([at('1 connection', 2)]);
  });

  it('has no case that there is no longer', () => {
    const kept = resultOf(at('7 connections'));
    expect(namesIn(scenario && withCase(scenario, kept, at('1 connection')))).toEqual(['1 connection']);
  });

  it('has the title and the text of now', () => {
    expect(scenario && withCase(scenario, resultOf(at('1 connection')), at('1 connection')).text).toBe(scenario?.text);
  });
});

describe('the report', () => {
  it('names a contender that is missing, with how to install it', () => {
    const missing: Row = { name: 'caddy', title: '', version: '', absent: 'not installed: apt-get install caddy', samples: [] };
    expect(scenarioText(resultOf(caseOf([row('forwarder', 100), missing])), () => undefined)).toContain(
      '| caddy | not installed: apt-get install caddy |',
    );
  });

  it('says of each case when and how long it was measured', () => {
    const text = scenarioText(resultOf(caseOf([row('forwarder', 100)], { taken: { ...taken, rounds: 7 } })), () => undefined);
    expect(text).toContain('### 32 connections\n\n2026-01-02, origin nginx, 7 rounds of 1 s after 1 s of warm-up.');
  });

  it('says that a table is void', () => {
    const text = scenarioText(resultOf(caseOf([row('forwarder', 100)], { aa: [0.7], void: true })), () => undefined);
    expect(text).toContain('A/A (forwarder against itself): 0.70 [0.70..0.70]. **Void');
  });

  it('draws a bar for each contender that was measured, the best one first', () => {
    const svg = barChart('<Plain>', caseOf([row('forwarder', 50), row('breakwater', 100)])) ?? '';
    expect(svg).toContain('&lt;Plain&gt;');
    expect(svg.indexOf('>breakwater<')).toBeLessThan(svg.indexOf('>forwarder<'));
    expect(svg.match(/<rect x=/g)).toHaveLength(2);
  });

  it('draws nothing where nothing was measured', () => {
    expect(barChart('x', caseOf([]))).toBeUndefined();
  });
});

describe('summaries of profiles', () => {
  const frame = (functionName: string): object => ({ functionName, url: 'file:///x/src/listen/a.ts', lineNumber: 4 });

  it('give self time by function and per request, without idle time', () => {
    const nodes = [
      { id: 1, callFrame: frame('work') },
      { id: 2, callFrame: { functionName: '(idle)', url: '', lineNumber: -1 } },
    ];
    const text = cpuSummary(JSON.stringify({ nodes, samples: [1, 2, 1], timeDeltas: [30, 1000, 10] }), 4);
    expect(text).toContain('10.00  100.0 %  work src/listen/a.ts:5');
    expect(text).not.toContain('%  (idle)');
  });

  it('give allocations by function, all calls of it added up', () => {
    const leaf = { callFrame: frame('make'), selfSize: 60, children: [] };
    const head = { callFrame: { functionName: '(root)', url: '', lineNumber: -1 }, selfSize: 0, children: [leaf, leaf] };
    expect(heapSummary(JSON.stringify({ head }), 2)).toContain('60.00  100.0 %  make src/listen/a.ts:5');
  });
});
