import { createPrivateKey, X509Certificate } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '../model/clock.ts';
import { type AuthorityPaths, CertificateAuthority, type TlsServing } from './authority.ts';
import { writeBundle } from './bundle.ts';
import { createOnce, privateDirectory, readIfThere } from './files.ts';

/** The authority cannot be used. The message names the file and what to do. */
export class AuthorityError extends Error {}

/** An authority, as PEM. */
interface Files {
  readonly key: string;
  readonly certificate: string;
}

/** Where an authority in a directory has its files. */
export function authorityPaths(directory: string): AuthorityPaths {
  return { ca: join(directory, 'ca.pem'), bundle: join(directory, 'ca-bundle.pem') };
}

/** What is wrong with who may use the key in a directory; undefined where it is its owner alone, or there is none. */
export async function keyWarning(directory: string): Promise<string | undefined> {
  const path = keyPathOf(directory);
  const mode = await stat(path).then(
    (found) => found.mode & 0o777,
    () => 0,
  );
  // Windows knows no such mode
  if ((mode & 0o077) === 0 || process.platform === 'win32') return undefined;
  return `${path} has mode 0${mode.toString(8)}: whoever can read it can pose as any host to clients that trust ca.pem; chmod 600 ${path}`;
}

/**
 * Loads the authority of a directory: `ca.pem`, `ca-key.pem`; made on first use, and the bundle written where it is not up to date. Processes that start at once
 * end with the same authority. Rejects with an AuthorityError where the files cannot be read, do not belong together or are out of date.
 */
export async function loadAuthority(directory: string, clock: Clock = systemClock, serving?: TlsServing): Promise<CertificateAuthority> {
  const files = await prepareAuthority(directory, clock);
  // loaded here because it is slow to load, and needed by those alone who intercept
  const { LeafIssuer } = await import('./certificates.ts');
  return new CertificateAuthority(files.certificate, await LeafIssuer.of(files), authorityPaths(directory), clock, serving);
}

/** Sees to it that an authority and its bundle are in a directory, as `loadAuthority` does, and loads no more than that takes. Rejects as it does. */
export async function prepareAuthority(directory: string, clock: Clock): Promise<Files> {
  const paths = authorityPaths(directory);
  const files = await told(directory, () => readOrMake(directory, paths, clock));
  check(files, paths.ca, clock);
  await told(directory, () => writeBundle(paths.bundle, files.certificate));
  return files;
}

/**
 * The key comes first, and the certificate is always made from the key that is on the disk: whoever is first with either, and whoever is interrupted in between,
 * what is there at the end belongs together.
 */
async function readOrMake(directory: string, paths: AuthorityPaths, clock: Clock): Promise<Files> {
  const keyPath = keyPathOf(directory);
  const certificate = await readIfThere(paths.ca);
  const key = await readIfThere(keyPath);
  if (certificate !== undefined && key !== undefined) return { key, certificate };
  if (certificate !== undefined)
    throw new AuthorityError(`${keyPath} is missing, but ${paths.ca} is there: restore the key, or remove both to have a new authority made`);
  const { newKey, issueAuthority } = await import('./certificates.ts');
  await privateDirectory(directory);
  const finalKey = key ?? (await createOnce(keyPath, await newKey(), 0o600));
  parseKey(finalKey, keyPath);
  return { key: finalKey, certificate: await createOnce(paths.ca, await issueAuthority(finalKey, clock.wallNow()), 0o644) };
}

function keyPathOf(directory: string): string {
  return join(directory, 'ca-key.pem');
}

function check({ key, certificate }: Files, path: string, clock: Clock): void {
  const keyPath = keyPathOf(join(path, '..'));
  const parsed = parseCertificate(certificate, path);
  if (!parsed.ca) throw new AuthorityError(`${path} is not the certificate of an authority (basicConstraints CA:TRUE)`);
  if (!parsed.checkPrivateKey(parseKey(key, keyPath)))
    throw new AuthorityError(`${keyPath} is not the key of ${path}: remove both to have a new authority made`);
  if (parsed.validToDate.getTime() <= clock.wallNow())
    throw new AuthorityError(`${path} expired on ${parsed.validTo}: remove it and ${keyPath} to have a new authority made`);
  if (parsed.validFromDate.getTime() > clock.wallNow())
    throw new AuthorityError(`${path} is valid only from ${parsed.validFrom}: is the clock right?`);
}

function parseCertificate(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new AuthorityError(`${path} is not a certificate (PEM)`, { cause: error });
  }
}

function parseKey(pem: string, path: string): ReturnType<typeof createPrivateKey> {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
  } catch (error) {
    throw new AuthorityError(`${path} is not a private key (PEM, without passphrase)`, { cause: error });
  }
  throw new AuthorityError(`${path} is not an ECDSA P-256 key`);
}

/** Says where it happened when the file system refuses. */
async function told<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AuthorityError) throw error;
    throw new AuthorityError(`the certificate authority in ${directory} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}
