import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { describeConfig, withoutSecretValues } from '../../../src/config/describe.ts';
import { egressOf } from '../../../src/config/effective.ts';
import { parseParent } from '../../../src/config/parent-url.ts';
import { configOf, inUpstream, problemsOf } from './fixtures.ts';

const EXPECTED = 'expected http://HOST:PORT or https://HOST:PORT';
const HIDDEN = '(not shown: it may hold a password) (in a password, what is no letter or digit is written as %XX)';

describe('the URL of a parent proxy', () => {
  it.each([
    ['http://proxy.corp:3128', { scheme: 'http', host: 'proxy.corp', port: 3128, credentials: undefined }],
    ['https://Proxy.corp/', { scheme: 'https', host: 'proxy.corp', port: 443, credentials: undefined }],
    ['http://[::1]', { scheme: 'http', host: '::1', port: 80, credentials: undefined }],
    ['http://me:p%40%3A@proxy.corp', { scheme: 'http', host: 'proxy.corp', port: 80, credentials: 'me:p@:' }],
    ['http://me@proxy.corp', { scheme: 'http', host: 'proxy.corp', port: 80, credentials: 'me:' }],
  ])('%s', (text, expected) => expect(parseParent(text)).toEqual(expected));

  it.each([
    'proxy.corp:3128',
    'socks5://proxy.corp',
    'http://proxy.corp/path',
    'http://proxy.corp?x',
    'http://me:p@ss@proxy.corp',
    'http://me:p/ss@proxy.corp',
    'http://me:100%@proxy.corp',
    'http://proxy.corp:99999',
    'http://',
    'off',
  ])('is not %s', (text) => expect(parseParent(text)).toBeUndefined());
});

describe('egress', () => {
  it.each([
    ['egress: { proxy: "http://me:s3cr3t@x@proxy.corp" }', `proxy.yaml:2:18 egress.proxy: ${EXPECTED} ${HIDDEN}`],
    ['egress: { proxy: off }', `proxy.yaml:2:18 egress.proxy: ${EXPECTED} ${HIDDEN}`],
    [
      'egress: { proxy: "http://proxy.corp", noProxy: [10.0.0.0/8] }',
      'proxy.yaml:2:49 egress.noProxy.0: expected a host such as api.example.com or *.example.com, got "10.0.0.0/8"',
    ],
    [
      'egress: { proxy: "http://proxy.corp", ca: ./x.pem }',
      'proxy.yaml:2:39 egress.ca: is for a proxy that is spoken to over TLS, and no https:// proxy is named',
    ],
    [
      'egress: { proxy: "https://proxy.corp", ca: ./x.pem }',
      'proxy.yaml:2:44 egress.ca: the CA file "./x.pem" cannot be read: there is no such file',
    ],
  ])('%s', (text, expected) => expect(problemsOf(`version: 1\n${text}\n`)[0]).toBe(expected));

  it('is told of an upstream too, which may be dialled directly', () => {
    expect(inUpstream('proxy: "proxy.corp:3128"')).toEqual([`proxy.yaml:5:12 upstreams.api.proxy: ${EXPECTED}, or off ${HIDDEN}`]);
    expect(inUpstream('proxy: off')).toEqual([]);
  });

  const loop = (what: string): string => `connections would lead back to ${what} of this proxy (write the address of the proxy that leads out)`;

  it.each([
    ['listen: { port: 3128 }\negress: { proxy: "http://me:s3cr3t@127.0.0.1:3128" }', `3:18 egress.proxy: ${loop('listen')}`],
    ['admin: { port: 3128 }\negress: { proxy: "http://localhost:3128" }', `3:18 egress.proxy: ${loop('admin')}`],
    ['listen: { host: 10.1.1.1, port: 80 }\negress: { proxy: "http://10.1.1.1" }', `3:18 egress.proxy: ${loop('listen')}`],
    [`listen: { host: 0.0.0.0, port: 3128 }\negress: { proxy: "http://${hostname()}:3128" }`, `3:18 egress.proxy: ${loop('listen')}`],
  ])('is not the proxy itself: %j', (text, expected) => expect(problemsOf(`version: 1\n${text}\n`)).toEqual([`proxy.yaml:${expected}`]));

  it('may be another proxy on this machine', () => {
    expect(problemsOf('version: 1\nlisten: { port: 8080 }\negress: { proxy: "http://127.0.0.1:3128" }\n')).toEqual([]);
  });

  it('shows no password, in whatever text it stands', () => {
    const config = configOf(
      'version: 1\negress: { proxy: "http://me:${PASS}@proxy.corp" }\nupstreams: { a: { origin: "https://a.example", proxy: "http://me:s3cr3t@b" } }\n',
      { PASS: 's3cr3t' },
    );
    for (const shown of [describeConfig(config), withoutSecretValues(config)]) {
      expect(JSON.stringify(shown)).not.toContain('s3cr3t');
      expect(shown).toMatchObject({ egress: { proxy: 'http://***@proxy.corp' } });
    }
  });

  it('is what an upstream says, and else the one of the file', () => {
    const { egress } = configOf('version: 1\negress: { proxy: "http://p", noProxy: ["*.corp"] }\n');
    expect(egressOf(egress)).toEqual({ proxy: 'http://p', ca: undefined, noProxy: ['*.corp'], own: false });
    expect(egressOf(egress, 'off')).toBeUndefined();
    expect(egressOf(egress, 'http://q')).toEqual({ proxy: 'http://q', ca: undefined, noProxy: [], own: true });
    expect(egressOf(configOf('version: 1\n').egress)).toBeUndefined();
  });
});

describe('a problem with what may be a secret', () => {
  it.each([
    ['tls: { key: "-----BEGIN PRIVATE KEY-----\\nMC4CAQ\\n" }', 'expected the name of a key file, got what such a file holds, which is not shown'],
    ['tls: { passphrase: 12345678 }', 'expected text, got a value that is not shown'],
  ])('does not show it: %s', (text, said) => {
    const problems = inUpstream(text).join('\n');
    expect(problems).toContain(said);
    expect(problems).not.toMatch(/MC4CAQ|12345678/);
  });

  it('does not show a password where the block for the way out is one URL', () => {
    expect(problemsOf('version: 1\negress: "user:geheim@proxy:3128"\n').join('\n')).not.toContain('geheim');
  });
});
