import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files of a certificate authority and of the origin's certificate for `localhost`, which it has signed. */
export interface Certificates {
  readonly ca: string;
  readonly caKey: string;
  /** Certificate and key of the authority in one file, as mitmproxy and Squid want it. */
  readonly caBoth: string;
  readonly cert: string;
  readonly key: string;
  /** Certificate and key of the origin in one file, as HAProxy wants it. */
  readonly both: string;
}

/** Makes an authority and a certificate, valid for a few days, in `directory`. */
export function makeCertificates(directory: string): Certificates {
  const file = (name: string): string => join(directory, name);
  const files = {
    ca: file('ca.crt'),
    caKey: file('ca.key'),
    caBoth: file('ca.pem'),
    cert: file('leaf.crt'),
    key: file('leaf.key'),
    both: file('leaf.pem'),
  };
  const openssl = (...rest: string[]): void => void execFileSync('openssl', rest, { stdio: 'pipe' });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const authority = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
  openssl('req', '-x509', ...ec, '-keyout', files.caKey, '-out', files.ca, '-days', '7', '-subj', '/CN=Benchmark CA', ...authority);
  const names = file('names.cnf');
  writeFileSync(names, 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n');
  openssl('req', ...ec, '-keyout', files.key, '-out', file('leaf.csr'), '-subj', '/CN=localhost');
  openssl(
    'x509',
    '-req',
    '-in',
    file('leaf.csr'),
    '-CA',
    files.ca,
    '-CAkey',
    files.caKey,
    '-CAcreateserial',
    '-out',
    files.cert,
    '-days',
    '7',
    '-extfile',
    names,
  );
  writeFileSync(files.caBoth, Buffer.concat([readFileSync(files.caKey), readFileSync(files.ca)]));
  writeFileSync(files.both, Buffer.concat([readFileSync(files.cert), readFileSync(files.key)]));
  return files;
}
