import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Path } from '../tree.ts';
import type { CheckContext } from './context.ts';

/** A certificate that we show and its key, in PEM. */
interface Identity {
  readonly cert: string;
  readonly key: string;
  readonly passphrase: string | undefined;
}

/** A certificate that we show has to be valid now and to belong to its key. `at`: where both are named. */
export function checkIdentity(context: CheckContext, at: Path, { cert, key, passphrase }: Identity): void {
  const [certAt, keyAt] = [
    [...at, 'cert'],
    [...at, 'key'],
  ];
  const secret = privateKey(key, passphrase);
  if (typeof secret === 'string') context.report(keyAt, `the key file ${context.shown(keyAt)} ${secret}`);
  const leaf = certificate(cert);
  if (leaf === undefined) return context.report(certAt, `the certificate file ${context.shown(certAt)} cannot be read: its PEM is broken`);
  const now = new Date();
  if (leaf.validToDate < now) context.report(certAt, `the certificate in ${context.shown(certAt)} expired on ${day(leaf.validToDate)}`, 'renew it');
  else if (leaf.validFromDate > now)
    context.report(certAt, `the certificate in ${context.shown(certAt)} is not valid before ${day(leaf.validFromDate)}`, 'is the clock right?');
  if (typeof secret !== 'string' && !leaf.checkPrivateKey(secret))
    context.report(keyAt, `the key file ${context.shown(keyAt)} does not belong to the certificate in ${context.shown(certAt)}`);
}

/** The first certificate of a file is the one that is shown. */
function certificate(text: string): X509Certificate | undefined {
  try {
    return new X509Certificate(text);
  } catch {
    return undefined;
  }
}

/** A key, or why there is none. */
function privateKey(text: string, passphrase: string | undefined): KeyObject | string {
  try {
    return createPrivateKey({ key: text, passphrase });
  } catch {
    // what Node says of a key without its passphrase differs from one version to the next
    if (passphrase === undefined && text.includes('ENCRYPTED')) return 'is encrypted: write passphrase beside it';
    return passphrase === undefined ? 'cannot be read: its PEM is broken' : 'cannot be read: its passphrase is another, or its PEM broken';
  }
}

/** In words that everybody reads the same: `2026-01-31 12:00 UTC`. */
function day(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
