import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { environmentOf, formatEnvironment } from '../../../src/app/environment.ts';

const parts = { proxyUrl: 'http://127.0.0.1:8080', bundle: '/var/lib/ca bundle.pem', noProxy: undefined };

describe('the environment of a backend', () => {
  it('names the proxy in both spellings and the bundle for every client that has a variable of its own', () => {
    const variables = environmentOf(parts);
    expect(variables).toMatchObject({ HTTPS_PROXY: parts.proxyUrl, https_proxy: parts.proxyUrl, HTTP_PROXY: parts.proxyUrl });
    for (const name of ['SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS']) expect(variables[name]).toBe(parts.bundle);
  });

  it('keeps what NO_PROXY said and adds the loopback names once', () => {
    expect(environmentOf({ ...parts, noProxy: '.internal, localhost' })['NO_PROXY']).toBe('.internal,localhost,127.0.0.1,::1');
  });

  it('prints what a shell reads back as it was', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter((text) => !/[\0\n\r]/.test(text)),
        (value) => {
          const script = `${formatEnvironment({ VALUE: value }, 'sh')}printf %s "$VALUE"`;
          expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(value);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('prints dotenv lines that Node reads back as they were', () => {
    const text = formatEnvironment({ A: '/a b/c.pem', B: 'http://127.0.0.1:8080' }, 'dotenv');
    expect(text).toBe('A="/a b/c.pem"\nB=http://127.0.0.1:8080\n');
  });

  it('prints fish and json', () => {
    expect(formatEnvironment({ A: "it's" }, 'fish')).toBe("set -gx A 'it\\'s'\n");
    expect(JSON.parse(formatEnvironment(environmentOf(parts), 'json'))).toEqual(environmentOf(parts));
  });
});
