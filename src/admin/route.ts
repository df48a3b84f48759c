/** A request to the admin listener, its body read. */
export interface AdminRequest {
  readonly method: string;
  /** What the path's placeholders took, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly accept: string | undefined;
  /** The JSON of the body; undefined where there is none. */
  readonly body: unknown;
}

/** An answer of the admin listener. */
export interface AdminReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One endpoint. HEAD is answered wherever GET is. */
export interface AdminRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Segments, some of them placeholders: `/api/breakers/{upstream}/{breaker}/trip`. */
  readonly path: string;
  /** One line for the index page. */
  readonly summary: string;
  handle(request: AdminRequest): AdminReply | Promise<AdminReply>;
}

/** What a path and method come to. */
export type Found =
  | { readonly type: 'route'; readonly route: AdminRoute; readonly params: Record<string, string> }
  | { readonly type: 'method'; readonly allow: readonly string[] }
  | { readonly type: 'none' };

/** Finds the endpoint of a path. Earlier routes win. */
export function findRoute(routes: readonly AdminRoute[], method: string, path: string): Found {
  const wanted = method === 'HEAD' ? 'GET' : method;
  const allow = new Set<string>();
  for (const route of routes) {
    const params = match(route.path, path);
    if (params === undefined) continue;
    if (route.method === wanted) return { type: 'route', route, params };
    allow.add(route.method);
    if (route.method === 'GET') allow.add('HEAD');
  }
  return allow.size === 0 ? { type: 'none' } : { type: 'method', allow: [...allow] };
}

function match(template: string, path: string): Record<string, string> | undefined {
  const wanted = template.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, segment] of wanted.entries()) {
    const value = decoded(given[i] ?? '');
    if (value === undefined) return undefined;
    if (segment.startsWith('{') && value !== '') params[segment.slice(1, -1)] = value;
    else if (segment !== value) return undefined;
  }
  return params;
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
