/** A proxy that connections to upstreams go through, as its URL names it. */
export interface ParentUrl {
  readonly scheme: 'http' | 'https';
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** `user:password` as the proxy is to have them; undefined where the URL names no user. */
  readonly credentials: string | undefined;
}

/** Takes `http[s]://[USER:PASSWORD@]HOST[:PORT]` apart; undefined where it is none. The port is the scheme's own unless said. */
export function parseParent(text: string): ParentUrl | undefined {
  // a URL takes more than one @, and what then shows of it could be a part of the password
  if (!/^https?:\/\/(?:[^/?#@\s]*@)?[^/?#@\s]+\/?$/i.test(text) || !URL.canParse(text)) return undefined;
  const { protocol, hostname, port, username, password } = new URL(text);
  const scheme = protocol === 'https:' ? 'https' : 'http';
  const user = decoded(username);
  const secret = decoded(password);
  if (user === undefined || secret === undefined) return undefined;
  return {
    scheme,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (scheme === 'https' ? 443 : 80) : Number(port),
    credentials: user === '' && secret === '' ? undefined : `${user}:${secret}`,
  };
}

/** Undefined where a % stands by itself, or what it says is no text. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
