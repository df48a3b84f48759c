import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';

/** What a token says. */
export interface Claims {
  readonly sub?: string;
  readonly role?: string;
  readonly exp?: number;
  readonly [name: string]: unknown;
}

/** Signs and checks the project's tokens with an ES256 key of its own. */
export class Tokens {
  readonly #private: KeyObject;
  readonly #public: KeyObject;

  constructor() {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#private = privateKey;
    this.#public = createPublicKey(privateKey);
  }

  /** A token with these claims; `exp` is in an hour unless said. */
  issue(claims: Claims): string {
    const now = Math.floor(Date.now() / 1000);
    const head = encode({ alg: 'ES256', typ: 'JWT', kid: 'simulated' });
    const payload = encode({ aud: 'authenticated', iat: now, exp: now + 3600, ...claims });
    const signature = sign('sha256', Buffer.from(`${head}.${payload}`), { key: this.#private, dsaEncoding: 'ieee-p1363' });
    return `${head}.${payload}.${signature.toString('base64url')}`;
  }

  /** The claims of a good token; `malformed` or `expired` otherwise. */
  check(token: string): Claims | 'malformed' | 'expired' {
    const [head = '', payload = '', signature = '', ...more] = token.split('.');
    const good =
      more.length === 0 &&
      verify('sha256', Buffer.from(`${head}.${payload}`), { key: this.#public, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
    if (!good) return 'malformed';
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims;
    return (claims.exp ?? Infinity) * 1000 < Date.now() ? 'expired' : claims;
  }

  /** The key set that `/.well-known/jwks.json` shows. */
  jwks(): object {
    return { keys: [{ ...this.#public.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', key_ops: ['verify'], kid: 'simulated' }] };
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
