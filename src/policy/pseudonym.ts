import { createHmac, hash } from 'node:crypto';

/** Gives a value of a request its pseudonym: the same for the same value, of no use to find the value again. */
export type Pseudonym = (value: string) => string;

/** 72 bits: enough to tell apart what one app sees, short enough to be a label. */
const LENGTH = 12;

/**
 * Makes pseudonyms with a key that only those know who have `secret`: telephone numbers and tenants are few enough to be guessed from a hash without one. All processes of an app have the same;
 * it changes with the next start.
 */
export function pseudonyms(secret: Uint8Array): Pseudonym {
  const key = createHmac('sha256', secret).update('pseudonyms of scopes').digest('base64url');
  return (value) => hash('sha256', key + value, 'base64url').slice(0, LENGTH);
}
