import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { listening, readingsOf, upstreamReading } from './fixtures.ts';

const FILES = ['config/prometheus/alerts.yaml', 'config/grafana/breakwater.json'];

/** Metrics and the labels that a query asks of them: `name{a="x", b=~"y"}`. */
function queried(text: string): { name: string; labels: string[] }[] {
  return [...text.matchAll(/\b(breakwater_[a-z_]+)(\{[^}]*\})?/g)].map(([, name = '', selector = '']) => ({
    name: name.replace(/_bucket$/, ''),
    labels: [...selector.matchAll(/([a-z_]+)\s*(?:=~|!=|=)\s*\\?"/g)].map(([, label = '']) => label),
  }));
}

describe.each(FILES)('%s', (file) => {
  it('asks for metrics and labels that there are', () => {
    const families = new Map(listening().telemetry.metrics.families.map(({ name, labels }) => [name, labels]));
    const queries = queried(readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8'));
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
  telemetry.readFrom(readingsOf(upstreamReading()));
  const { body } = await telemetry.metrics.expose(undefined);
  const alerts = readFileSync(new URL('../../../config/prometheus/alerts.yaml', import.meta.url), 'utf8');
  const counters = [...alerts.matchAll(/increase\(([^[]+)\[/g)].map(([, counter = '']) => counter);
  expect(counters.length).toBeGreaterThan(2);
  expect(counters.filter((counter) => !new RegExp(`^${counter}(\\{.*\\})? 0$`, 'm').test(body))).toEqual([]);
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
  const text = readFileSync(new URL('../../../config/grafana/breakwater.json', import.meta.url), 'utf8');
  const { panels } = JSON.parse(text) as { panels: Panel[] };
  const drawn = panels.flatMap((panel) => panel.targets.map(({ refId, expr }) => ({ expr, isPercent: unitOf(panel, refId) === 'percentunit' })));
  expect(drawn.some(({ isPercent }) => isPercent)).toBe(true);
  expect(drawn.filter(({ expr, isPercent }) => isPercent !== (/_ratio\b/.test(expr) || expr.includes(' / ')))).toEqual([]);
});
