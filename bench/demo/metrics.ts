/** One line of a Prometheus exposition. */
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads what `/metrics` says. */
export async function scrape(adminUrl: string): Promise<Sample[]> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  return text.split('\n').flatMap((line) => {
    const [, name, labels, value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, labels: labelsOf(labels ?? ''), value: Number(value) }];
  });
}

/** Sums of one metric by the value of a label, greatest first, as words: `hit 12, miss 3`. */
export function sumBy(samples: readonly Sample[], name: string, label: string): string {
  const sums = new Map<string, number>();
  for (const sample of samples) {
    const key = sample.labels[label];
    if (sample.name === name && key !== undefined && sample.value > 0) sums.set(key, (sums.get(key) ?? 0) + sample.value);
  }
  const words = [...sums].sort(([, a], [, b]) => b - a).map(([key, sum]) => `${key} ${sum}`);
  return words.length === 0 ? 'none' : words.join(', ');
}

function labelsOf(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, name = '', value = '']) => [name, value]));
}
