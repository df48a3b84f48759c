import { getCACertificates } from 'node:tls';
import { readIfThere, replaceFile } from './files.ts';

/** Where systems keep their roots as one file: Debian, Fedora, Alpine and BSD, SUSE. */
const SYSTEM_ROOTS = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/cert.pem', '/etc/ssl/ca-bundle.pem'];

/**
 * Writes the roots of the system (Node's own where it has no such file) and our authority as one file. Variables such as `SSL_CERT_FILE` replace a client's own roots:
 * with our authority alone it could not verify any host that is tunnelled. Unchanged content is not written again.
 */
export async function writeBundle(path: string, caPem: string, systemRoots: readonly string[] = SYSTEM_ROOTS): Promise<void> {
  const bundle = `${(await rootsOf(systemRoots)).trim()}\n\n# Breakwater\n${caPem.trim()}\n`;
  if ((await readIfThere(path)) !== bundle) await replaceFile(path, bundle, 0o644);
}

async function rootsOf(files: readonly string[]): Promise<string> {
  for (const file of files) {
    const text = await readIfThere(file);
    if (text?.includes('BEGIN CERTIFICATE') === true) return text;
  }
  return getCACertificates('bundled').join('\n');
}
