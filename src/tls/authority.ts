import { randomBytes } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import type { Clock } from '../model/clock.ts';
import type { LeafIssuer } from './certificates.ts';
import { Leaf } from './leaf.ts';

/** Where an authority's files are. */
export interface AuthorityPaths {
  /** Its certificate: for `NODE_EXTRA_CA_CERTS`. */
  readonly ca: string;
  /** The system's roots and its certificate: for `SSL_CERT_FILE`, `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`. */
  readonly bundle: string;
}

/** How the authority's hosts are served. */
export interface TlsServing {
  /** 48 secret bytes, the same for all processes that serve together, so that a session can be resumed by any of them. */
  readonly ticketKeys?: Buffer | undefined;
  /** True where clients come from this machine alone: what nobody can record needs no key exchange that outlasts quantum computers, which costs a seventh of a new connection. */
  readonly local?: boolean;
}

/** Groups for the key exchange on one machine, best first; Node's own begin with a hybrid (X25519MLKEM768) where OpenSSL has it. */
const LOCAL_GROUPS = 'X25519:prime256v1:secp384r1';
const DAY_MS = 86_400_000;
/** Life of a leaf, well below the 397 days that clients accept. */
const LEAF_MS = 90 * DAY_MS;
/** A leaf is replaced when this much of its life is over. */
const RENEW_MS = 60 * DAY_MS;
/** Hosts whose leaves are kept. */
const MAX_HOSTS = 256;

/** A host's leaf, made or in the making. */
interface KeptLeaf {
  readonly leaf: Promise<Leaf>;
  /** Milliseconds since the epoch. */
  readonly renewAt: number;
}

/** The local certificate authority: gives each intercepted host a certificate that clients accept once they trust `caPem`. */
export class CertificateAuthority {
  /** Its certificate, PEM. */
  readonly caPem: string;
  readonly paths: AuthorityPaths;
  readonly #issuer: LeafIssuer;
  readonly #clock: Clock;
  /** By host, the one used last at the end. */
  readonly #leaves = new Map<string, KeptLeaf>();
  /** One key for the tickets of all leaves, so that a session outlives the renewal of its host's leaf. */
  readonly #ticketKeys: Buffer;
  readonly #groups: string | undefined;

  constructor(
    caPem: string,
    issuer: LeafIssuer,
    paths: AuthorityPaths,
    clock: Clock,
    { ticketKeys = randomBytes(48), local = false }: TlsServing = {},
  ) {
    this.#ticketKeys = ticketKeys;
    this.#groups = local ? LOCAL_GROUPS : undefined;
    this.caPem = caPem;
    this.paths = paths;
    this.#issuer = issuer;
    this.#clock = clock;
  }

  /** What a TLS server for a host name or IP address (lower-case, no brackets) presents, to a client of which nothing is known. */
  async contextFor(host: string): Promise<SecureContext> {
    return (await this.leafFor(host)).context;
  }

  /** The leaf of a host name or IP address (lower-case, no brackets). Made once for those who ask at the same time, kept, and renewed in time. */
  leafFor(host: string): Promise<Leaf> {
    const now = this.#clock.wallNow();
    const kept = this.#leaves.get(host);
    const next = kept !== undefined && now < kept.renewAt ? kept : { leaf: this.#mint(host, now), renewAt: now + RENEW_MS };
    this.#leaves.delete(host);
    this.#leaves.set(host, next);
    if (this.#leaves.size > MAX_HOSTS) this.#dropOldest();
    return next.leaf;
  }

  async #mint(host: string, now: number): Promise<Leaf> {
    try {
      const { certificate, key } = await this.#issuer.issue(host, now, LEAF_MS);
      return new Leaf({
        cert: certificate,
        key,
        ticketKeys: this.#ticketKeys,
        sessionIdContext: 'breakwater',
        minVersion: 'TLSv1.2',
        ecdhCurve: this.#groups,
      });
    } catch (error) {
      this.#leaves.delete(host);
      throw error;
    }
  }

  #dropOldest(): void {
    for (const host of this.#leaves.keys()) return void this.#leaves.delete(host);
  }
}
