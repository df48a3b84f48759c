import type { Exchange } from '../model/exchange.ts';
import type { HeaderList } from '../model/headers.ts';
import type { Target } from '../route/gateway.ts';
import { authorityOf, defaultPort, parseAuthority } from './authority.ts';

/** A reference with a host, taken apart (RFC 3986 section 4.2): scheme if it has one, host and port, all that follows. */
const WITH_HOST = /^(?:(https?):)?\/\/([^/?#\\]*)(.*)$/is;

/** What of an exchange decides where a reference in its answer leads. */
type Asked = Pick<Exchange, 'entry' | 'scheme' | 'authority' | 'path' | 'upstream'>;

/**
 * The fields of an answer for a client that knows its upstream by an address of this proxy, a prefix or a port: where `Location` names the upstream's own origin, it leads through
 * that address again. As it is, a path would name another upstream or none, and a URL would go past the proxy. `Content-Location` is followed by nobody, and PostgREST says it in every read: it stays. The same list
 * where nothing changes, or nothing may.
 */
export function ledThrough(headers: HeaderList, asked: Asked, { keepsLocation }: Pick<Target, 'keepsLocation'>): HeaderList {
  if (keepsLocation === true) return headers;
  if (asked.entry !== 'prefix' && asked.entry !== 'port') return headers;
  let changed: string[] | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'location') continue;
    const reference = headers[i + 1] ?? '';
    const led = throughDoor(reference, asked);
    if (led !== reference) (changed ??= [...headers])[i + 1] = led;
  }
  return changed ?? headers;
}

function throughDoor(reference: string, asked: Asked): string {
  const path = pathOnOrigin(reference, asked);
  if (path === undefined) return reference;
  if (asked.entry === 'prefix') return `/${asked.upstream}${path}`;
  // two slashes would begin a host
  return /^\/[/\\]/.test(path) ? `/.${path}` : path;
}

/** Path, query and fragment of a reference to the origin of the upstream; undefined where it leads elsewhere, or to the right place as it is. */
function pathOnOrigin(reference: string, { entry, scheme, authority, path }: Asked): string | undefined {
  const [whole, named, host = '', rest = ''] = WITH_HOST.exec(reference) ?? [];
  if (whole !== undefined) {
    if (named !== undefined && named.toLowerCase() !== scheme) return undefined;
    const to = parseAuthority(host, defaultPort(scheme));
    if (to === undefined || authorityOf(to, defaultPort(scheme)) !== authority) return undefined;
    return rest.startsWith('/') ? rest : `/${rest}`;
  }
  if (entry === 'port' || reference === '' || /^(?:[?#]|[a-z][a-z\d+.-]*:)/i.test(reference)) return undefined;
  if (reference.startsWith('/')) return reference;
  const base = `${scheme}://${authority}${path}`;
  if (!URL.canParse(reference, base)) return undefined;
  const { pathname, search, hash } = new URL(reference, base);
  return `${pathname}${search}${hash}`;
}
