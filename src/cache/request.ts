import { isCredential } from '../model/credential-field.ts';
import type { CacheConfig } from '../config/schema.ts';
import type { Exchange } from '../model/exchange.ts';
import type { HeaderList } from '../model/headers.ts';
import type { Identities } from './identity.ts';
import { isDisguised } from './invalidate/disguise.ts';
import { NOTHING_ASKED, type RequestDirectives, requestDirectives } from './rules/directives.ts';

/** A request as the cache sees it. */
export interface CacheRequest {
  /** `https://host/path?query`, credentials in the query hashed: what it is listed and invalidated by. */
  readonly url: string;
  /** The primary key: the URL, who asks, and the fields that the route says select the answer. The same for GET and HEAD. */
  readonly key: string;
  /** Who asks: a keyed hash of all credentials; empty where there are none. */
  readonly identity: string;
  /** When the credential ends, in milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly authorized: boolean;
  readonly directives: RequestDirectives;
  /** If-None-Match or If-Modified-Since: can be answered with 304 from here. */
  readonly conditional: boolean;
  /** Only the origin can answer: If-Match, If-Unmodified-Since (RFC 9111 section 4.3.2), or If-Range where Range is part of the key. */
  readonly precondition: boolean;
  /** A Range that is no part of the key. */
  readonly ranged: boolean;
  readonly rangeInKey: boolean;
  /** It leads to a table by a path that hides it: what reads and writes are told apart by does not hold for it. */
  readonly disguised: boolean;
}

/** Request fields that select a row set in PostgREST; it did not say so in Vary before version 16, and never names the profile. */
const TABLE_HEADERS = ['accept', 'accept-profile', 'prefer', 'range', 'range-unit'];

/** Stands in keys for who asks where all get the same: what was fetched with somebody's credentials is never found where they count. No identity has a colon. */
const OF_ALL = 'shared:';

/** What a key is made from, per route. */
export interface KeyOptions {
  readonly shared: boolean;
  readonly sortQuery: boolean;
  readonly keyHeaders: readonly string[];
  /** Range is one of them: a partial answer is then a whole one under its own key. */
  readonly rangeInKey: boolean;
  /** Paths that begin with this are answered by PostgREST; undefined where none are. */
  readonly tablesPrefix: string | undefined;
}

/** The key options of a route. */
export function keyOptions(config: CacheConfig, tablesPath: string | undefined): KeyOptions {
  const keyHeaders = [...new Set((config.keyHeaders ?? []).map((name) => name.toLowerCase()))];
  return {
    shared: config.shared ?? false,
    sortQuery: config.sortQuery ?? false,
    keyHeaders,
    rangeInKey: keyHeaders.includes('range'),
    tablesPrefix: tablesPath === undefined ? undefined : (/^[^{*]*/.exec(tablesPath)?.[0] ?? ''),
  };
}

/** What a URL is of a request. */
type Target = Pick<Exchange, 'scheme' | 'authority' | 'path'>;

/** The URL of a request as the cache names it on a route. */
function urlOf(target: Target, identities: Identities, sortQuery: boolean): string {
  const path = identities.withoutCredentials(target.path);
  return `${target.scheme}://${target.authority}${sortQuery ? sorted(path) : path}`;
}

/** All names that one URL may have here, over the ways in which routes name them. */
export function urlForms(target: Target, identities: Identities): string[] {
  const asSent = urlOf(target, identities, false);
  const sortedUrl = urlOf(target, identities, true);
  return sortedUrl === asSent ? [asSent] : [asSent, sortedUrl];
}

/** Reads a request as the cache sees it, on a route. */
export function readRequest(exchange: Exchange, options: KeyOptions, identities: Identities): CacheRequest {
  const { headers } = exchange;
  const tables = options.tablesPrefix !== undefined && exchange.path.startsWith(options.tablesPrefix);
  const disguised = !tables && options.tablesPrefix !== undefined && isDisguised(options.tablesPrefix, exchange.path);
  const said = new Said(headers);
  const { conditional, precondition, credentials } = said;
  const url = urlOf(exchange, identities, options.sortQuery);
  const identity = credentials === undefined ? undefined : identities.of(credentials);
  const key = keyOf(url, options.shared ? OF_ALL : identity?.id, headers, options, tables, identities);
  const rangeInKey = tables || options.rangeInKey;
  const ranged = said.range && !rangeInKey;
  return {
    url,
    key,
    identity: identity?.id ?? '',
    expiresAt: identity?.expiresAt ?? Infinity,
    authorized: said.authorized,
    directives: said.directives,
    conditional,
    precondition: precondition || (said.ifRange && rangeInKey),
    ranged,
    rangeInKey,
    disguised,
  };
}

/** What the fields of a request say to a cache, read in one pass. */
class Said {
  /** Names and values of credentials in turn; undefined where there are none. */
  credentials: string[] | undefined = undefined;
  authorized = false;
  conditional = false;
  precondition = false;
  range = false;
  ifRange = false;
  #cacheControl: string | undefined = undefined;
  #pragma: string | undefined = undefined;

  constructor(headers: HeaderList) {
    for (let i = 0; i < headers.length; i += 2) this.#take(headers[i] ?? '', headers[i + 1] ?? '');
  }

  get directives(): RequestDirectives {
    if (this.#cacheControl === undefined && this.#pragma === undefined) return NOTHING_ASKED;
    return requestDirectives(this.#cacheControl, this.#pragma);
  }

  #take(name: string, value: string): void {
    switch (name) {
      case 'cache-control':
        this.#cacheControl = this.#cacheControl === undefined ? value : `${this.#cacheControl}, ${value}`;
        return;
      case 'pragma':
        this.#pragma = value;
        return;
      case 'if-none-match':
      case 'if-modified-since':
        this.conditional = true;
        return;
      case 'if-match':
      case 'if-unmodified-since':
        this.precondition = true;
        return;
      case 'range':
        this.range = true;
        return;
      case 'if-range':
        this.ifRange = true;
        return;
      default:
        if (!isCredential(name)) return;
        (this.credentials ??= []).push(name, value);
        this.authorized ||= name === 'authorization';
    }
  }
}

function keyOf(url: string, identity: string | undefined, headers: HeaderList, options: KeyOptions, tables: boolean, identities: Identities): string {
  const key = identity === undefined ? url : `${url}\n${identity}`;
  const { keyHeaders } = options;
  if (!tables) return keyHeaders.length === 0 ? key : key + parts(headers, keyHeaders, identities);
  return key + parts(headers, keyHeaders.length === 0 ? TABLE_HEADERS : [...new Set([...TABLE_HEADERS, ...keyHeaders])], identities);
}

function parts(headers: HeaderList, names: readonly string[], identities: Identities): string {
  let text = '';
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!names.includes(name)) continue;
    const value = headers[i + 1] ?? '';
    text += `\n${name}:${part(name, value, identities)}`;
  }
  return text;
}

function part(name: string, value: string, identities: Identities): string {
  if (isCredential(name)) return identities.hash(value);
  // preferences stand in no order (RFC 7240 section 2)
  return name === 'prefer' && value.includes(',') ? value.split(',').map(trim).sort().join(',') : value;
}

const trim = (text: string): string => text.trim();

/** The query sorted by parameter name, those of one name in their order, in one percent-encoding. */
function sorted(path: string): string {
  const at = path.indexOf('?');
  if (at < 0) return path;
  const written = path.slice(at + 1).split('&');
  const pairs = path.includes('%', at) ? written.map(reencoded) : written;
  if (pairs.length === 1) return `${path.slice(0, at + 1)}${pairs[0] ?? ''}`;
  inOrder(pairs);
  return `${path.slice(0, at)}?${pairs.join('&')}`;
}

/** Parameters up to which each is put in its place one by one. */
const FEW = 16;

/** Sorts parameters by name in place, those of one name as they came. They are few, and mostly in order: to insert each costs less than to sort. */
function inOrder(pairs: string[]): void {
  if (pairs.length > FEW) {
    pairs.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0));
    return;
  }
  const names = pairs.map(nameOf);
  for (let i = 1; i < pairs.length; i++) {
    const [name = '', pair = ''] = [names[i], pairs[i]];
    let to = i;
    for (; to > 0 && (names[to - 1] ?? '') > name; to--) {
      names[to] = names[to - 1] ?? '';
      pairs[to] = pairs[to - 1] ?? '';
    }
    names[to] = name;
    pairs[to] = pair;
  }
}

function nameOf(pair: string): string {
  const equals = pair.indexOf('=');
  return equals < 0 ? pair : pair.slice(0, equals);
}

/** Characters that mean themselves in a query, however they are written; `&`, `;`, `=`, `+`, `%` and `#` keep their encoding. */
function reencoded(pair: string): string {
  return pair.replace(/%(2[14789ACDEF]|3A|3F|40|5F|7E)/gi, (code) => decodeURIComponent(code));
}
