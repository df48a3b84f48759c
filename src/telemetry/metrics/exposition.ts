/** The media type of the Prometheus text format. */
export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
/** The media type of OpenMetrics. */
export const OPENMETRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Whether a scraper would rather have OpenMetrics: it lists it, and not with a lower weight than plain text (RFC 9110 section 12.5.1). */
export function wantsOpenMetrics(accept: string | undefined): boolean {
  const weights = new Map((accept ?? '').split(',').map((range) => weigh(range)));
  const open = weights.get('application/openmetrics-text') ?? 0;
  return open > 0 && open >= (weights.get('text/plain') ?? 0);
}

function weigh(range: string): [string, number] {
  const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
  const q = parameters.find((parameter) => parameter.startsWith('q='));
  const weight = q === undefined ? 1 : Number(q.slice(2));
  return [type, Number.isNaN(weight) ? 0 : weight];
}

/**
 * Prometheus text as OpenMetrics: the family of a counter loses its `_total`, blank lines go, `# EOF` ends it. Done on the text since prom-client, asked for OpenMetrics,
 * renames the counters of a registry for good, and the next scrape in the other format has them wrong.
 */
export function toOpenMetrics(text: string): string {
  const counters = new Set([...text.matchAll(/^# TYPE (\S+)_total counter$/gm)].map((found) => found[1]));
  const lines = text.split('\n').filter((line) => line !== '');
  const renamed = lines.map((line) =>
    line.replace(/^(# (?:HELP|TYPE) )(\S+)_total /, (all: string, head: string, name: string) => (counters.has(name) ? `${head}${name} ` : all)),
  );
  return `${renamed.join('\n')}\n# EOF\n`;
}
