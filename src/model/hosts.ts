/** Whether a host pattern takes an authority: equal, or a subdomain at any depth for `*.example.com`. Both lower-case; a pattern without port takes the default port only. */
export function matchesHost(pattern: string, authority: string): boolean {
  if (!pattern.startsWith('*.')) return pattern === authority;
  return authority.length > pattern.length - 1 && authority.endsWith(pattern.slice(1));
}

/** The host of what a scope tells apart: its key is the host, and what else it names. */
export function hostOfScope(key: string): string {
  const space = key.indexOf(' ');
  return space < 0 ? key : key.slice(0, space);
}
