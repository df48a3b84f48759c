import { describe, expect, it } from 'vitest';
import { CertificateRefused, failureOf } from '../../../src/upstream/failures.ts';

const alert = (code: string): Error => Object.assign(new Error('40C3:error:0A000412:SSL routines'), { code });

describe('an alert about the certificate of this side', () => {
  it.each([
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'certificate required'],
    ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'bad certificate'],
    ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED', 'certificate expired'],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'unknown ca'],
  ])('%s: the request was not read', (code, words) => {
    const refused = CertificateRefused.of(alert(code));
    if (refused === undefined) throw new Error('it is taken for another error');
    expect(failureOf(refused, 'headers', 'request')).toMatchObject({
      phase: 'tls',
      code: 'tls_protocol_error',
      kind: 'protocol',
      replay: 'unsent',
      detail: expect.stringContaining(`shown: ${words}`) as string,
    });
    expect(failureOf(refused, 'body', 'head')).toMatchObject({ phase: 'body', replay: 'cut' });
    expect(failureOf(alert(code), 'tls', 'nothing')).toMatchObject({ phase: 'tls', code: 'tls_protocol_error', replay: 'unsent' });
  });

  it.each(['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', 'ERR_SSL_TLSV1_ALERT_ACCESS_DENIED', 'ECONNRESET', 'CERT_HAS_EXPIRED'])('is not %s', (code) =>
    expect(CertificateRefused.of(alert(code))).toBeUndefined(),
  );
});
