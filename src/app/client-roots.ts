import type { Clock } from '../model/clock.ts';
import type { Log } from '../telemetry/log.ts';
import { keyWarning, prepareAuthority } from '../tls/load-authority.ts';

/**
 * Writes the roots for clients where they are not there yet: a backend that was started apart, with `SSL_CERT_FILE` set to them, fails where the file is missing. Never rejects: whoever
 * comes by a base URL needs none of it, so that a directory that cannot be used is told in the log. So is a key that others can read.
 */
export async function writeClientRoots(directory: string, clock: Clock, log: Log): Promise<void> {
  try {
    await prepareAuthority(directory, clock);
    const warning = await keyWarning(directory);
    if (warning !== undefined) log.warn({ reason: warning }, 'the key of the certificate authority is not private');
  } catch (error) {
    log.warn(
      { reason: (error as Error).message },
      'no CA bundle for clients: HTTPS_PROXY cannot be used until intercept.ca is a directory that can be written; base URLs can',
    );
  }
}
