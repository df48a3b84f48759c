/** What a rule can look at: the head of a request, and its body once it has been read. */
export interface Matchable {
  readonly method: string;
  readonly host: string;
  /** Path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Which requests a rule is for; what is absent matches all. */
export interface Match {
  readonly method?: string | readonly string[];
  readonly host?: string;
  /** A regular expression, or a pattern in which one star stands for a segment or a part of one, and two at the end for any rest. */
  readonly path?: string | RegExp;
  /** Anything else, the body included. Asked last. */
  readonly when?: (request: Matchable) => boolean;
}

/** Compiles a match to a question. */
export function matcher(match: Match): (request: Matchable) => boolean {
  const methods = match.method === undefined ? undefined : [match.method].flat();
  const path = typeof match.path === 'string' ? patternOf(match.path) : match.path;
  return (request) =>
    (methods?.includes(request.method) ?? true) &&
    (match.host === undefined || match.host === request.host) &&
    (path?.test(request.path) ?? true) &&
    (match.when?.(request) ?? true);
}

function patternOf(text: string): RegExp {
  const escaped = text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  const source = escaped.replace(/\/\*\*$/, '(/.*)?').replace(/(?<!\.)\*(?!\))/g, '[^/]*');
  return new RegExp(`^${source}$`);
}
