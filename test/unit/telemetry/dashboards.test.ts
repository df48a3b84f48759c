import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { listening } from './fixtures.ts';

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
