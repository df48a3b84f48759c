import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { workerSeries } from '../../../src/app/workers/series.ts';
import type { Series } from '../../../src/telemetry/metrics/series.ts';
import { listening, readingsOf, upstreamReading } from './fixtures.ts';

const FILES = ['config/prometheus/alerts.yaml', 'config/grafana/breakwater.json', 'docs/runbook.md'];

/** What the primary process adds for its workers. */
const OF_WORKERS = workerSeries({ ready: [], restarts: 0 }, 2);

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

function textOf(file: string): string {
  return readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
}

function alerts(): Alert[] {
  const { groups } = parse(textOf('config/prometheus/alerts.yaml')) as { groups: { rules: Alert[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

/** Metrics and the labels that a query asks of them: `name{a="x", b=~"y"}`. */
function queried(text: string): { name: string; labels: string[] }[] {
  return [...text.matchAll(/\b(breakwater_[a-z_]+)(\{[^}]*\})?/g)].map(([, name = '', selector = '']) => ({
    name: name.replace(/_bucket$/, ''),
    labels: [...selector.matchAll(/([a-z_]+)\s*(?:=~|!=|=)\s*\\?"/g)].map(([, label = '']) => label),
  }));
}

describe.each(FILES)('%s', (file) => {
  it('asks for metrics and labels that there are', () => {
    const families = new Map([...listening().telemetry.metrics.families, ...OF_WORKERS].map(({ name, labels }) => [name, labels]));
    const queries = queried(textOf(file));
    expect(queries.length).toBeGreaterThan(5);
    const unknown = queries.flatMap(({ name, labels }) => {
      const known = families.get(name);
      return known === undefined ? [name] : labels.filter((label) => !known.includes(label)).map((label) => `${name}{${label}}`);
    });
    expect(unknown).toEqual([]);
  });
});

it('takes increases for alerts of counters that are there before the first event', async () => {
  const { telemetry } = listening();
  telemetry.readFrom({
    ...readingsOf(upstreamReading()),
    cache: () => ({ store: 'redis', entries: undefined, bytes: undefined, evictions: 0, errors: 0 }),
  });
  const { body } = await telemetry.metrics.expose(undefined);
  const there = `${body}\n${OF_WORKERS.map(shown).join('\n')}`;
  const counters = alerts().flatMap(({ expr }) => [...expr.matchAll(/increase\(([^[]+)\[/g)].map(([, counter = '']) => counter));
  expect(counters.length).toBeGreaterThan(4);
  expect(counters.filter((counter) => !new RegExp(`^${counter}(\\{.*\\})? 0$`, 'm').test(there))).toEqual([]);
});

/** A series without labels as it is exposed. */
function shown(series: Series): string {
  const lines: string[] = [];
  series.read((value) => lines.push(`${series.name} ${value}`));
  return lines.join('\n');
}

it('has a section of the runbook for each alert, and none for what is no alert', () => {
  const sections = [...textOf('docs/runbook.md').matchAll(/^## (\S+)$/gm)].map(([, title = '']) => title);
  expect(sections).toEqual(alerts().map(({ alert }) => alert));
  const named = alerts().map(({ annotations }) => annotations['runbook']);
  expect(named).toEqual(sections.map((title) => `docs/runbook.md#${title.toLowerCase()}`));
});

it('calls nothing down for a breaker that refuses nothing', () => {
  const asked = alerts().filter(({ expr }) => expr.includes('breakwater_breaker_state'));
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter(({ expr }) => !expr.includes('mode="enforce"'))).toEqual([]);
});

interface Panel {
  readonly title: string;
  readonly fieldConfig: {
    readonly defaults: { readonly unit?: string };
    readonly overrides: readonly {
      readonly matcher: { readonly id: string; readonly options: string };
      readonly properties: readonly { readonly id: string; readonly value: unknown }[];
    }[];
  };
  readonly targets: readonly { readonly refId: string; readonly expr: string }[];
}

/** The unit that a target is drawn in. */
function unitOf({ fieldConfig: { defaults, overrides } }: Panel, refId: string): unknown {
  const own = overrides.filter(({ matcher }) => matcher.id === 'byFrameRefID' && matcher.options === refId).flatMap(({ properties }) => properties);
  return own.find(({ id }) => id === 'unit')?.value ?? defaults.unit;
}

it('draws shares, and nothing else, on an axis of percents', () => {
  const { panels } = JSON.parse(textOf('config/grafana/breakwater.json')) as { panels: Panel[] };
  const drawn = panels.flatMap((panel) => panel.targets.map(({ refId, expr }) => ({ expr, isPercent: unitOf(panel, refId) === 'percentunit' })));
  expect(drawn.some(({ isPercent }) => isPercent)).toBe(true);
  expect(drawn.filter(({ expr, isPercent }) => isPercent !== (/_ratio\b/.test(expr) || expr.includes(' / ')))).toEqual([]);
});
