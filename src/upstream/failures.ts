import { errors } from './undici.ts';
import { type Failure, type FailureCode, type FailureKind, failure, type Phase, type ReplayClass } from '../model/failure.ts';

/** The phases in which a connection comes up. */
const OPENING: ReadonlySet<Phase> = new Set(['dns', 'connect', 'tls']);

/** An attempt's own reason to give up: the limit of the phase that it was in. */
export class PhaseTimeout extends Error {
  readonly phase: Phase;
  readonly limit: string;
  readonly afterMs: number;
  /** True where the client held things up, not the upstream. */
  readonly held: boolean;

  /** `parent`: the proxy that the connection is made through, where that is what is waited for. */
  constructor(phase: Phase, limit: string, afterMs: number, held = false, parent?: string) {
    const by = parent !== undefined && OPENING.has(phase) ? `, by the proxy ${parent}` : '';
    super(`${limit} timeout after ${Math.round(afterMs)} ms${held ? ', while the client held things up' : ''}${by}`);
    this.phase = phase;
    this.limit = limit;
    this.afterMs = afterMs;
    this.held = held;
  }
}

/** Why an attempt was ended by us and not by the upstream. */
export class Abandoned extends Error {}

/** What the upstream said is HTTP, but nothing that it may say. */
export class Unacceptable extends Error {}

/** A proxy on the way to the upstream opened no tunnel to it: nothing has reached the upstream. */
export class NoTunnel extends Error {
  readonly code: FailureCode;
  readonly kind: FailureKind;

  constructor(code: FailureCode, kind: FailureKind, message: string) {
    super(message);
    this.code = code;
    this.kind = kind;
  }
}

/** Alerts by which a server says that it takes no client without another certificate (RFC 8446 section 6.2), as OpenSSL names them. */
const REFUSES_CERTIFICATE =
  /^ERR_SSL_.*ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_REVOKED|CERTIFICATE_EXPIRED|CERTIFICATE_UNKNOWN|UNKNOWN_CA)$/;

/**
 * The upstream does not take the certificate that was shown, or that none was. By TLS 1.3 it says so when this side takes the handshake for done and may have written a request, which the other side never
 * read: it reads nothing before the handshake is done.
 */
export class CertificateRefused extends Error {
  /** What the error of a connection means, if it is this; undefined where it is another. */
  static of(error: Error): CertificateRefused | undefined {
    const alert = REFUSES_CERTIFICATE.exec(codeOf(error))?.[1];
    return alert === undefined ? undefined : new CertificateRefused(alert);
  }

  private constructor(alert: string) {
    super(`the upstream does not take this client by the certificate that it has, or has not, shown: ${alert.toLowerCase().replace('_', ' ')}`);
  }
}

const TIMEOUT_CODES = {
  queue: 'connection_limit_reached',
  dns: 'dns_timeout',
  connect: 'connection_timeout',
  tls: 'connection_timeout',
  send: 'connection_write_timeout',
  headers: 'http_response_timeout',
  body: 'connection_read_timeout',
} as const satisfies Record<Phase, FailureCode>;

/** How far an attempt got: no byte of the request was written, some may have been, or the head of an answer has come. */
export type Progress = 'nothing' | 'request' | 'head';

/** What follows for sending again (RFC 9110 section 9.2.2): what was not sent may be; what broke after its head is cut. */
const REPLAY_OF = { nothing: 'unsent', request: 'ambiguous', head: 'cut' } as const satisfies Record<Progress, ReplayClass>;

/** What an error of an attempt means. `phase` is the one that the attempt was in. */
export function failureOf(error: Error, phase: Phase, progress: Progress): Failure {
  const replay = REPLAY_OF[progress];
  const headSeen = progress === 'head';
  if (error instanceof PhaseTimeout) {
    const code = headSeen && error.limit !== 'idle' ? 'http_response_timeout' : TIMEOUT_CODES[phase];
    return failure({ code, phase, kind: 'timeout', replay, detail: error.message, limit: error.limit, own: error.held });
  }
  if (error instanceof CertificateRefused && !headSeen)
    return failure({ code: 'tls_protocol_error', phase: 'tls', kind: 'protocol', replay: 'unsent', detail: error.message });
  const { code, kind } = describe(error, phase, headSeen);
  return failure({ code, phase, kind, replay, detail: detailOf(error) });
}

/** undici's codes for an answer that is not HTTP; its parser error has no code of its own. */
const MALFORMED = /^(HPE_|UND_ERR_HEADERS_OVERFLOW|UND_ERR_RESPONSE)/;
const UNREACHABLE = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EHOSTDOWN']);

function describe(error: Error, phase: Phase, headSeen: boolean): { code: FailureCode; kind: FailureKind } {
  if (error instanceof NoTunnel) return error;
  const code = codeOf(error);
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH') return { code: 'http_request_error', kind: 'protocol' };
  if (phase === 'dns') return { code: code === 'ETIMEOUT' || code === 'EAI_AGAIN' ? 'dns_timeout' : 'dns_error', kind: 'refused' };
  if (phase === 'connect' && code === 'ETIMEDOUT') return { code: 'connection_timeout', kind: 'timeout' };
  if (phase === 'connect') return { code: 'connection_refused', kind: UNREACHABLE.has(code) ? 'refused' : 'reset' };
  if (phase === 'tls') return tlsFault(code);
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return { code: 'http_response_incomplete', kind: 'reset' };
  if (
    error instanceof Unacceptable ||
    error instanceof errors.HTTPParserError ||
    MALFORMED.test(code) ||
    /bad (response|upgrade)/.test(error.message)
  )
    return { code: 'http_protocol_error', kind: 'protocol' };
  return { code: headSeen ? 'http_response_incomplete' : 'connection_terminated', kind: 'reset' };
}

/** What an error of TLS, by its code in Node, means. */
export function tlsFault(code: string): { code: FailureCode; kind: FailureKind } {
  return isCertificateError(code) ? { code: 'tls_certificate_error', kind: 'protocol' } : { code: 'tls_protocol_error', kind: tlsKind(code) };
}

function tlsKind(code: string): FailureKind {
  return code === 'ECONNRESET' || code === 'EPIPE' ? 'reset' : 'protocol';
}

/** OpenSSL's names for a certificate that does not hold, as Node gives them; in an alert they are what the other side says of ours. */
function isCertificateError(code: string): boolean {
  return !code.includes('_ALERT_') && /CERT|ISSUER|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT/.test(code);
}

/** Its code in Node; empty where it has none. */
export function codeOf(error: Error): string {
  const own = (error as NodeJS.ErrnoException).code;
  if (own !== undefined) return own;
  if (error instanceof AggregateError) return codeOf(error.errors[0] as Error);
  return '';
}

/** What OpenSSL says where the other side answers a ClientHello with something that is no TLS. */
const NO_TLS = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'ERR_SSL_HTTP_REQUEST']);

/** One line for people. Node's messages name addresses and codes, never headers or paths. Some give advice for another program. */
export function detailOf(error: Error): string {
  const code = codeOf(error);
  if (NO_TLS.has(code)) return 'no TLS is spoken on this port: it may be that of http://, or of another protocol';
  const line = (error.message === '' ? code : error.message).split('\n', 1)[0]?.slice(0, 200) ?? '';
  return isUntrusted(code)
    ? `${line.split(';', 1)[0] ?? ''}; where it is signed by a CA of your own, name its file: tls.ca of the upstream, egress.ca of a proxy`
    : line;
}

function isUntrusted(code: string): boolean {
  return /SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)/.test(code);
}
