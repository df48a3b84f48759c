import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

/** What a side of TLS brings besides its protocol, in PEM. */
export interface TlsMaterial {
  /** More roots to trust. */
  readonly roots?: string | undefined;
}

/** The roots of this process (Node's own and `NODE_EXTRA_CA_CERTS`) and those that are given. */
export function contextOf({ roots }: TlsMaterial): SecureContext {
  if (roots === undefined) return createSecureContext();
  return createSecureContext({ ca: [...getCACertificates('default'), roots] });
}
