import { randomBytes } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../model/clock.ts';
import type { LeafIssuer } from './certificates.ts';

/** Where an authority's files are. */
export interface AuthorityPaths {
  /** Its certificate: for `NODE_EXTRA_CA_CERTS`. */
  readonly ca: string;
  /** The system's roots and its certificate: for `SSL_CERT_FILE`, `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`. */
  readonly bundle: string;
}

const DAY_MS = 86_400_000;
/** Life of a leaf, well below the 397 days that clients accept. */
const LEAF_MS = 90 * DAY_MS;
/** A leaf is replaced when this much of its life is over. */
const RENEW_MS = 60 * DAY_MS;
/** Hosts whose leaves are kept. */
const MAX_HOSTS = 256;

/** The local certificate authority: gives each intercepted host a certificate that clients accept once they trust `caPem`. */
export class CertificateAuthority {
  /** Its certificate, PEM. */
  readonly caPem: string;
  readonly paths: AuthorityPaths;
  readonly #contexts: LRUCache<string, SecureContext>;

  constructor(caPem: string, issuer: LeafIssuer, paths: AuthorityPaths, clock: Clock) {
    this.caPem = caPem;
    this.paths = paths;
    // one key for the tickets of all leaves, so that a session outlives the renewal of its host's leaf
    const ticketKeys = randomBytes(48);
    this.#contexts = new LRUCache({
      max: MAX_HOSTS,
      ttl: RENEW_MS,
      perf: { now: () => clock.wallNow() },
      ttlResolution: 0,
      fetchMethod: async (host) => {
        const { certificate, key } = await issuer.issue(host, clock.wallNow(), LEAF_MS);
        return createSecureContext({ cert: certificate, key, ticketKeys, sessionIdContext: 'breakwater', minVersion: 'TLSv1.2' });
      },
    });
  }

  /** What a TLS server for a host name or IP address (lower-case, no brackets) presents. Made once for those who ask at the same time, kept, and renewed in time. */
  async contextFor(host: string): Promise<SecureContext> {
    const context = await this.#contexts.fetch(host);
    if (context === undefined) throw new Error(`no certificate was made for ${host}`);
    return context;
  }
}
