/** What a request to look into the cache names, as the configuration at work knows it. */
export interface CacheNames {
  upstreams(): readonly string[];
  /** Routes of an upstream, or of all. */
  routes(upstream: string | undefined): readonly string[];
  /** The URL under which answers are stored: one that a backend uses as a base URL, by prefix or by port, names another. */
  urlOf(text: string): { readonly url: string } | { readonly problem: string };
}

/** What is named, as texts. */
type Named = Readonly<Partial<Record<'url' | 'prefix' | 'upstream' | 'route', string>>>;

/** A request with its URLs as they are stored, or what of it there is not: an answer of nothing would look as if all were done. */
export function resolved<Request extends Named>(request: Request, names: CacheNames): Request | string {
  const { upstream, route } = request;
  if (upstream !== undefined && !names.upstreams().includes(upstream)) return unknown('upstream', upstream, names.upstreams());
  const routes = names.routes(upstream);
  if (route !== undefined && !routes.includes(route)) return unknown('route', route, routes);
  const found: { url?: string; prefix?: string } = {};
  for (const key of ['url', 'prefix'] as const) {
    const text = request[key];
    if (text === undefined) continue;
    const told = names.urlOf(text);
    if ('problem' in told) return `${told.problem}.`;
    found[key] = told.url;
  }
  return { ...request, ...found };
}

function unknown(kind: string, name: string, there: readonly string[]): string {
  return `No ${kind} is called ${JSON.stringify(name)}; there are: ${there.join(', ')}.`;
}
