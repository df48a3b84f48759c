import { createPrivateKey } from 'node:crypto';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { describeConfig } from '../../../src/config/describe.ts';
import { type Identity, makeIdentity } from '../../simulators/identity.ts';
import { ConfigDirectory } from './fixtures.ts';

const HOUR = 3_600_000;
const DATE = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d UTC`;

let mine: Identity;
let files: Readonly<Record<string, string | Buffer>>;

beforeAll(async () => {
  const [expired, early] = await Promise.all([
    makeIdentity(['old.test'], { purpose: 'client', fromMs: -2 * HOUR, untilMs: -HOUR }),
    makeIdentity(['new.test'], { purpose: 'client', fromMs: HOUR, untilMs: 2 * HOUR }),
  ]);
  mine = await makeIdentity(['client.test'], { purpose: 'client' });
  const encrypted = createPrivateKey(mine.key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 's3cr3t' });
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  files = {
    'cert.pem': `${mine.cert}${mine.ca}`,
    'key.pem': mine.key,
    'locked.pem': encrypted,
    'broken.pem': broken,
    'broken-key.pem': broken.replaceAll('CERTIFICATE', 'PRIVATE KEY'),
    'expired.pem': expired.cert,
    'expired-key.pem': expired.key,
    'early.pem': early.cert,
    'early-key.pem': early.key,
  };
});

function withFiles(): ConfigDirectory {
  const directory = new ConfigDirectory();
  for (const [name, text] of Object.entries(files)) directory.write(name, text.toString());
  return directory;
}

const yaml = (tls: string): string => `version: 1\nupstreams:\n  api:\n    origin: https://api.example\n    tls: ${tls}\n`;

describe('the certificate that an upstream is shown', () => {
  it.each([
    [
      '{ cert: none.pem, key: key.pem }',
      'proxy.yaml:5:18 upstreams.api.tls.cert: the certificate file "none.pem" cannot be read: there is no such file',
    ],
    ['{ cert: key.pem, key: key.pem }', 'proxy.yaml:5:18 upstreams.api.tls.cert: the certificate file "key.pem" holds no certificate in PEM'],
    ['{ cert: cert.pem, key: cert.pem }', 'proxy.yaml:5:33 upstreams.api.tls.key: the key file "cert.pem" holds no private key in PEM'],
    [
      '{ cert: broken.pem, key: key.pem }',
      'proxy.yaml:5:18 upstreams.api.tls.cert: the certificate file "broken.pem" cannot be read: its PEM is broken',
    ],
    [
      '{ cert: cert.pem, key: broken-key.pem }',
      'proxy.yaml:5:33 upstreams.api.tls.key: the key file "broken-key.pem" cannot be read: its PEM is broken',
    ],
    [
      '{ cert: cert.pem, key: early-key.pem }',
      'proxy.yaml:5:33 upstreams.api.tls.key: the key file "early-key.pem" does not belong to the certificate in "cert.pem"',
    ],
    [
      '{ cert: cert.pem, key: locked.pem }',
      'proxy.yaml:5:33 upstreams.api.tls.key: the key file "locked.pem" is encrypted: write passphrase beside it',
    ],
    [
      '{ cert: cert.pem, key: locked.pem, passphrase: other }',
      'proxy.yaml:5:33 upstreams.api.tls.key: the key file "locked.pem" cannot be read: its passphrase is another, or its PEM broken',
    ],
    ['{ cert: cert.pem }', 'proxy.yaml:5:5 upstreams.api.tls: cert and key come together (write both, or neither)'],
    ['{ key: key.pem }', 'proxy.yaml:5:5 upstreams.api.tls: cert and key come together (write both, or neither)'],
    ['{ passphrase: s3cr3t }', 'proxy.yaml:5:12 upstreams.api.tls.passphrase: is for a key (write key and cert)'],
  ])('%s', (tls, expected) => {
    using directory = withFiles();
    expect(directory.problems(yaml(tls))).toEqual([expected]);
  });

  it.each([
    ['{ cert: expired.pem, key: expired-key.pem }', `the certificate in "expired.pem" expired on ${DATE} \\(renew it\\)`],
    ['{ cert: early.pem, key: early-key.pem }', `the certificate in "early.pem" is not valid before ${DATE} \\(is the clock right\\?\\)`],
  ])('holds now: %s', (tls, expected) => {
    using directory = withFiles();
    expect(directory.problems(yaml(tls))).toEqual([expect.stringMatching(new RegExp(`^proxy.yaml:5:18 upstreams.api.tls.cert: ${expected}$`))]);
  });

  it('is taken from the directory of the file that names it, watched with its key, and its passphrase shown nowhere', () => {
    using directory = withFiles();
    const result = directory.load(yaml('{ cert: cert.pem, key: ./locked.pem, passphrase: "${PASS}" }'), { PASS: 's3cr3t' });
    if (!result.ok) throw new Error('it does not load');
    const at = (name: string): string => join(directory.path, name);
    expect(result.config.upstreams['api']?.tls).toEqual({ cert: at('cert.pem'), key: at('locked.pem'), passphrase: 's3cr3t' });
    expect(result.watched).toEqual(expect.arrayContaining([at('cert.pem'), at('locked.pem')]));
    expect(JSON.stringify(describeConfig(result.config))).not.toContain('s3cr3t');
  });

  it('is watched where it does not fit, so that a renewed one is taken', () => {
    using directory = withFiles();
    const result = directory.load(yaml('{ cert: cert.pem, key: early-key.pem }'));
    expect(result.watched).toEqual(expect.arrayContaining([join(directory.path, 'cert.pem'), join(directory.path, 'early-key.pem')]));
  });
});
