import { createHmac } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { parseObject } from '../model/json.ts';
import { decodeLeniently, isSecretName } from '../model/secret-name.ts';

/** The name of a parameter of the query. A second question mark begins one too. */
const PARAMETER = /[?&]([^?&=#]+)=/g;
/** Its value, to where the next one begins. */
const VALUE = /[^&#]*/y;

/** Who asks: a hash that tells users apart and nothing else, and until when the token says that it is good. */
export interface Identity {
  readonly id: string;
  /** Milliseconds since the epoch; Infinity where the credential is no JWT or names no end. */
  readonly expiresAt: number;
}

/** Credentials whose hash is remembered, so that a hit costs no cryptography. */
const REMEMBERED = 4096;
/** Names of parameters that are remembered. */
const NAMES = 1024;
const MAX_NAME = 64;
/** Places of the table that is looked at first; a power of two. */
const RECENT = 256;

interface Recent {
  readonly credentials: readonly string[];
  readonly identity: Identity;
}

/**
 * Makes identities from credentials: a keyed hash (HMAC-SHA-256, 132 bits of it). The secret is this process's own where the store is, else one that all who share the store know:
 * without it nobody can tell whether a guessed token was in the cache.
 */
export class Identities {
  readonly #secret: Buffer;
  readonly #known = new LRUCache<string, Identity>({ max: REMEMBERED });
  readonly #names = new LRUCache<string, boolean>({ max: NAMES });
  readonly #recent: (Recent | undefined)[] = Array.from({ length: RECENT });

  constructor(secret: Buffer) {
    this.#secret = secret;
  }

  /**
   * The identity of the credentials of a request: names and values in turn. Those seen lately are found by comparing, which is much cheaper than joining and hashing
   * tokens of a thousand letters for each request.
   */
  of(credentials: readonly string[]): Identity {
    const place = placeOf(credentials);
    const recent = this.#recent[place];
    if (recent !== undefined && isSame(recent.credentials, credentials)) return recent.identity;
    const identity = this.#identity(credentials.join('\n'));
    this.#recent[place] = { credentials, identity };
    return identity;
  }

  /** The hash of one credential. */
  readonly hash = (credential: string): string => this.#identity(credential).id;

  /** The hash of a text that is not remembered: one that is new each time, or must not stay. */
  digest(text: string): string {
    return createHmac('sha256', this.#secret).update(text).digest('base64url').slice(0, 22);
  }

  /** Whether a path and query carries credentials. */
  hasCredentials(path: string): boolean {
    return this.#mayCarry(path);
  }

  /** A path and query with its credentials hashed: in a key, and wherever a key is shown. */
  withoutCredentials(path: string): string {
    return this.#mayCarry(path) ? this.#hashed(path) : path;
  }

  #hashed(path: string): string {
    let hashed = '';
    let from = 0;
    PARAMETER.lastIndex = path.indexOf('?');
    for (let found = PARAMETER.exec(path); found !== null; found = PARAMETER.exec(path)) {
      if (!this.#isCredentialName(found[1] ?? '')) continue;
      const at = PARAMETER.lastIndex;
      VALUE.lastIndex = at;
      const value = VALUE.exec(path)?.[0] ?? '';
      hashed += `${path.slice(from, at)}~${this.hash(value)}`;
      from = PARAMETER.lastIndex = at + value.length;
    }
    return hashed + path.slice(from);
  }

  /** Whether a parameter of the query is called as a credential is. The names are few: each is looked at once. */
  #mayCarry(path: string): boolean {
    const start = path.indexOf('?');
    if (start < 0) return false;
    // a second question mark begins a parameter too, and is hardly ever there
    const query = path.slice(start + 1);
    const pairs = query.includes('?') ? query.split(/[&?]/) : query.split('&');
    return pairs.some((pair) => {
      const equals = pair.indexOf('=');
      return equals >= 0 && this.#isCredentialName(pair.slice(0, equals));
    });
  }

  #isCredentialName(name: string): boolean {
    let known = this.#names.get(name);
    if (known === undefined) {
      known = isSecretName(decodeLeniently(name));
      if (name.length <= MAX_NAME) this.#names.set(name, known);
    }
    return known;
  }

  #identity(text: string): Identity {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const id = this.digest(text);
    const identity = { id, expiresAt: tokenEnd(text) };
    this.#known.set(text, identity);
    return identity;
  }
}

/** Where credentials stand in the table: from their lengths and last letters, which are what differs between tokens. */
function placeOf(credentials: readonly string[]): number {
  let sum = 0;
  for (let i = 1; i < credentials.length; i += 2) {
    const value = credentials[i] ?? '';
    const end = value.length - 1;
    sum = (sum * 31 + end + value.charCodeAt(end) * 7 + value.charCodeAt(end - 1) * 131 + value.charCodeAt(end - 2) * 1031) | 0;
  }
  return sum & (RECENT - 1);
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

const BEARER_JWT = /bearer [\w-]+\.([\w-]+)\.[\w-]*/gi;

/** The earliest `exp` of the bearer tokens in the text. Not verified: it can only make us ask the upstream sooner. */
function tokenEnd(credentials: string): number {
  let end = Infinity;
  for (const [, payload = ''] of credentials.matchAll(BEARER_JWT)) end = Math.min(end, expiry(payload));
  return end;
}

function expiry(payload: string): number {
  const exp = parseObject(Buffer.from(payload, 'base64url'))?.['exp'];
  return typeof exp === 'number' ? exp * 1000 : Infinity;
}
