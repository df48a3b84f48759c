import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactData, redactPath, redactText } from '../../../src/telemetry/redact.ts';

const NAMES = (
  'key access_token token apikey api_key code signature sig hash password secret refresh_token client_secret X-Amz-Signature x-goog-api-key id_token ' +
  'provider_token appsecret_proof hub.verify_token token_hash Authorization jwt session_id auth_key subscription-key user_key X-Functions-Key userKey basic_auth'
).split(' ');

/** A credential: long enough to be one, of the letters that credentials have. */
const secret = fc
  .string({ unit: fc.constantFrom(...'ABCDEFabcdefghijk0123456789-_'.split('')), minLength: 12, maxLength: 40 })
  .map((text) => `q7Z${text}`);
const name = fc
  .constantFrom(...NAMES)
  .chain((plain) => fc.constantFrom(plain, plain.toUpperCase(), plain.toLowerCase(), encoded(plain), `accounts.${plain}`));
const around = fc.array(fc.constantFrom('select=*', 'id=eq.5', 'limit=10', 'order=created_at.desc', 'x=%20', 'fields'), { maxLength: 3 });

function encoded(text: string): string {
  return text
    .split('')
    .map((letter) => `%${letter.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .join('');
}

describe('a path', () => {
  it('keeps no value of a secret parameter, however its name is written and wherever it stands', () => {
    fc.assert(
      fc.property(name, secret, around, around, fc.constantFrom('&', ';'), (parameter, value, before, after, separator) => {
        const shown = redactPath(`/v1/things?${[...before, `${parameter}=${value}`, ...after].join(separator)}`);
        expect(shown).not.toContain(value);
      }),
    );
  });

  it('keeps no secret inside a nested URL, a PostgREST filter, a matrix parameter or user information', () => {
    const wrap = fc.constantFrom<(name: string, value: string) => string>(
      (key, value) => `/login?redirect_to=${encodeURIComponent(`https://app.example/?${key}=${value}`)}`,
      (key, value) => `/login?next=${encodeURIComponent(encodeURIComponent(`https://app.example/?${key}=${value}`))}`,
      (key, value) => `/rest/v1/accounts?or=(${key}.eq.${value},id.eq.5)`,
      (key, value) => `/v1/things;${key}=${value}/parts`,
      (key, value) => `/fetch/${encodeURIComponent(`https://app.example/?${key}=${value}`)}`,
      (_key, value) => `/fetch?url=https://user:${value}@app.example/`,
      (_key, value) => `/fetch?header=Bearer%20${value}`,
    );
    const plain = fc.constantFrom(...NAMES.filter((one) => !one.includes('.')));
    fc.assert(
      fc.property(wrap, plain, secret, (build, key, value) => {
        expect(redactPath(build(key, value))).not.toContain(value);
      }),
    );
  });

  it.each([
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl',
    'AIzaSyA1234567890abcdefghijklmnopqrstuv',
    'EAAGm0PX4ZCpsBAKZCy1234567890',
    'sb_secret_abcdefghijklmnop',
    'ya29.a0AfH6SMBx-1234',
  ])('does not show %s, which is a credential by its shape', (credential) => {
    for (const path of [`/x/${credential}`, `/x/${credential}/y?a=b`, `/x?innocent=${credential}`, `/x?${credential}`])
      expect(redactPath(path)).not.toContain(credential);
  });

  it.each([
    '/v21.0/123456/messages',
    '/rest/v1/bots?select=*,accounts(name)&id=eq.5&order=created_at.desc&limit=1',
    '/v1beta/models/gemini-2.5-flash:generateContent?alt=sse',
    '/rest/v1/messages?select=id,token_count&created_at=gte.2026-01-01T00:00:00Z',
    '/storage/v1/object/public/media/a%20b.jpg',
    '*',
  ])('is left as it was sent where it holds no secret: %s', (path) => {
    expect(redactPath(path)).toBe(path);
  });

  it('keeps what is beside the secret', () => {
    expect(redactPath('/whatsapp_business/attachments/?mid=5&ext=9&hash=ATvx')).toBe('/whatsapp_business/attachments/?mid=5&ext=9&hash=[redacted]');
  });

  it('is cut where it is long', () => {
    expect(redactPath(`/${'a'.repeat(10_000)}`).length).toBeLessThan(2100);
  });

  it('takes whatever bytes come', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        expect(typeof redactPath(`/${text}?${text}`)).toBe('string');
      }),
    );
  });
});

describe('a text', () => {
  it('keeps no credential that it names or that shows by its shape', () => {
    const wrap = fc.constantFrom<(value: string) => string>(
      (value) => `GET https://api.example/v1?key=${value} failed`,
      (value) => `authorization: Bearer ${value}`,
      (value) => `{"apikey":"${value}","a":1}`,
      (value) => `headers: ['authorization', 'Basic ${value}']`,
      (value) => `{"key": "${value}"}`,
      (value) => `cookie: a=1; sid=${value}`,
      (value) => `connect to https://user:${value}@db.example failed`,
      (value) => `access_token=${value}&x=1`,
      (value) => `x-goog-api-key: ${value}`,
      (value) => `fetching '/v1?%6bey=${value}'`,
      (value) => `eyJhbGciOi.${value} is not valid`,
    );
    fc.assert(
      fc.property(wrap, secret, (build, value) => {
        expect(redactText(build(value))).not.toContain(value);
      }),
    );
  });

  it.each([
    'connect ECONNREFUSED 127.0.0.1:443',
    'code: ECONNRESET',
    '5 failures in a row, last: connection_timeout in connect',
    'headers timeout after 7000 ms',
  ])('is left alone where it holds none: %s', (text) => {
    expect(redactText(text)).toBe(text);
  });
});

describe('data', () => {
  it('keeps no value under a secret name, at any depth', () => {
    const config = {
      errors: { code: 'gemini' },
      match: { query: { code: 's3cr3t', key: ['s3cr3t'] } },
      upstreams: { api: { match: { header: { apikey: 's3cr3t' } }, urls: ['https://u:s3cr3t@x/'], retry: { attempts: 3 } } },
    };
    expect(redactData(config)).toEqual({
      errors: { code: 'gemini' },
      match: { query: { code: '[redacted]', key: '[redacted]' } },
      upstreams: { api: { match: { header: { apikey: '[redacted]' } }, urls: ['https://[redacted]@x/'], retry: { attempts: 3 } } },
    });
  });
});
