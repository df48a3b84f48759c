// oxlint-disable-next-line import/no-unassigned-import -- it has to be there before @peculiar/x509 is loaded
import 'reflect-metadata';
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate and its private key, both PEM. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;
/** Clocks differ: a certificate is valid from a little before it was made. */
const SKEW_MS = 3_600_000;
const CA_DAYS = 3650;
const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;
const CA_NAME = 'Breakwater local CA';

type KeyIds = readonly [SubjectKeyIdentifierExtension, AuthorityKeyIdentifierExtension];

const generate = promisify(generateKeyPair);

/** A new P-256 key, PEM (PKCS #8). */
export async function newKey(): Promise<string> {
  const { privateKey } = await generate('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' });
}

/**
 * A self-signed certificate for an authority's key. Profile: what strict verification (RFC 5280 section 4.2.1, OpenSSL's X509_STRICT) asks of a root: version 3, critical
 * basicConstraints with path length 0, critical keyUsage, a subject key identifier.
 */
export async function issueAuthority(keyPem: string, now: number): Promise<string> {
  const keys = await cryptoKeys(keyPem);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(),
      // distinct names keep clients that trust two of them from trying the wrong key
      name: [{ CN: [`${CA_NAME} ${randomBytes(3).toString('hex')}`] }, { O: ['Breakwater'] }],
      notBefore: new Date(now - SKEW_MS),
      notAfter: new Date(now + CA_DAYS * DAY_MS),
      signingAlgorithm: SIGNING,
      keys,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return pemOf(certificate.toString('pem'));
}

/** Signs leaf certificates for one authority. All leaves have one key, made with the issuer and kept in memory alone: minting costs one signature. */
export class LeafIssuer {
  readonly #authority: X509Certificate;
  readonly #signingKey: webcrypto.CryptoKey;
  readonly #publicKey: webcrypto.CryptoKey;
  readonly #keyPem: string;
  readonly #keyIds: KeyIds;

  private constructor(authority: X509Certificate, signingKey: webcrypto.CryptoKey, leaf: webcrypto.CryptoKeyPair, keyPem: string, keyIds: KeyIds) {
    this.#authority = authority;
    this.#signingKey = signingKey;
    this.#publicKey = leaf.publicKey;
    this.#keyPem = keyPem;
    this.#keyIds = keyIds;
  }

  /** Gets ready to sign in the name of an authority. */
  static async of({ certificate, key }: Identity): Promise<LeafIssuer> {
    const [authorityKeys, keyPem] = await Promise.all([cryptoKeys(key), newKey()]);
    const leaf = await cryptoKeys(keyPem);
    const keyIds: KeyIds = [
      await SubjectKeyIdentifierExtension.create(leaf.publicKey, false, webcrypto),
      await AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey, false, webcrypto),
    ];
    return new LeafIssuer(new X509Certificate(certificate), authorityKeys.privateKey, leaf, keyPem, keyIds);
  }

  /** A server certificate for a host name or an IP address, valid for `lifetimeMs` (less where the authority ends earlier; RFC 5280, CA/Browser Forum: at most 397 days). */
  async issue(host: string, now: number, lifetimeMs: number): Promise<Identity> {
    const certificate = await X509CertificateGenerator.create(
      {
        serialNumber: serialNumber(),
        // a common name holds 64 characters; the name that counts is the alternative one
        subject: [{ CN: [host.length <= 64 ? host : 'breakwater'] }],
        issuer: this.#authority.subjectName,
        notBefore: new Date(now - SKEW_MS),
        notAfter: new Date(Math.min(now + lifetimeMs, this.#authority.notAfter.getTime())),
        signingAlgorithm: SIGNING,
        publicKey: this.#publicKey,
        signingKey: this.#signingKey,
        extensions: [
          new SubjectAlternativeNameExtension([{ type: isIP(host) === 0 ? 'dns' : 'ip', value: host }], false),
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth], false),
          ...this.#keyIds,
        ],
      },
      webcrypto,
    );
    return { certificate: pemOf(certificate.toString('pem')), key: this.#keyPem };
  }
}

async function cryptoKeys(keyPem: string): Promise<webcrypto.CryptoKeyPair> {
  const key = createPrivateKey(keyPem);
  const [privateKey, publicKey] = await Promise.all([imported(key, 'sign'), imported(createPublicKey(key), 'verify')]);
  return { privateKey, publicKey };
}

function imported(key: KeyObject, usage: 'sign' | 'verify'): Promise<webcrypto.CryptoKey> {
  const format = usage === 'sign' ? 'pkcs8' : 'spki';
  const der = key.export({ format: 'der', type: format } as { format: 'der'; type: 'pkcs8' });
  return webcrypto.subtle.importKey(format, new Uint8Array(der), CURVE, true, [usage]);
}

/** 16 random bytes, positive (RFC 5280 section 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function pemOf(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}
