import { readFileSync } from 'node:fs';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import type { UpstreamConfig } from '../config/schema.ts';

/** What this side of TLS brings besides its protocol, in PEM. */
export interface TlsMaterial {
  /** More roots to trust. */
  readonly roots?: string | undefined;
  /** The certificate that is shown. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Of the key. */
  readonly passphrase?: string | undefined;
}

/** Reads what a configuration names. Throws where a file cannot be read. */
export function readTls(tls: UpstreamConfig['tls'] = {}): TlsMaterial {
  const read = (file: string | undefined): string | undefined => (file === undefined ? undefined : readFileSync(file, 'utf8'));
  return { roots: read(tls.ca), cert: read(tls.cert), key: read(tls.key), passphrase: tls.passphrase };
}

/** Trusts the roots of this process (Node's own and `NODE_EXTRA_CA_CERTS`) and those that are given, and shows the certificate if there is one. Throws where that does not belong to its key. */
export function contextOf({ roots, cert, key, passphrase }: TlsMaterial): SecureContext {
  const ca = roots === undefined ? undefined : [...getCACertificates('default'), roots];
  return createSecureContext({ ...(ca && { ca }), ...(cert !== undefined && { cert, key, passphrase }) });
}
