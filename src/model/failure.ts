import type { Reply } from './outcome.ts';

/** Where in an attempt the failure happened, in the order in which an attempt passes them. */
export type Phase = 'queue' | 'dns' | 'connect' | 'tls' | 'send' | 'headers' | 'body';

/** What happened there. `status`: the upstream answered, with a status that counts as a fault. */
export type FailureKind = 'timeout' | 'refused' | 'reset' | 'protocol' | 'status' | 'aborted';

/** Whether the request may be sent again; the table in docs/ARCHITECTURE.md says when each applies. */
export type ReplayClass = 'unsent' | 'refused' | 'ambiguous' | 'answered' | 'cut';

/**
 * The status that a client gets when Breakwater itself has to answer, by failure code. The codes are the error types of
 * RFC 9209 section 2.3; `http_response_status` and the last five are ours. A dialect may answer with another status (`errors.status`).
 */
export const STATUS_OF = {
  dns_timeout: 504,
  dns_error: 502,
  destination_unavailable: 503,
  connection_refused: 502,
  connection_terminated: 502,
  connection_timeout: 504,
  connection_read_timeout: 504,
  connection_write_timeout: 504,
  connection_limit_reached: 503,
  tls_protocol_error: 502,
  tls_certificate_error: 502,
  http_request_error: 400,
  http_request_denied: 403,
  http_response_incomplete: 502,
  http_response_status: 502,
  http_response_timeout: 504,
  http_protocol_error: 502,
  proxy_internal_error: 500,
  proxy_configuration_error: 500,
  proxy_loop_detected: 502,
  request_timeout: 408,
  request_too_large: 413,
  request_paced: 429,
  not_cached: 504,
  client_closed: 499,
} as const satisfies Record<string, number>;

/** A stable name of a failure. `Proxy-Status: breakwater; error=...` tells it, or where it is ours the nearest of the RFC. */
export type FailureCode = keyof typeof STATUS_OF;

/** A failed attempt, or a request that Breakwater itself refused. A value, never thrown. */
export interface Failure {
  readonly type: 'failure';
  readonly code: FailureCode;
  readonly phase: Phase;
  readonly kind: FailureKind;
  readonly replay: ReplayClass;
  /** For people: one line, without secrets. */
  readonly detail: string;
  /** True where no attempt was made (an open breaker, a full bulkhead, a rule of ours), or the client held it up. Never counted against the upstream. */
  readonly own: boolean;
  /** How long the upstream, or the breaker, asks to wait. */
  readonly retryAfterMs?: number | undefined;
  /** The upstream's own answer (kind `status`), its body not yet started. Whoever drops the failure calls `reply.body.abort()`. */
  readonly reply?: Reply | undefined;
  /** How a breaker takes it: as a failure (absent), for its ratio only (`soft`: 429), or not at all (`ignore`). */
  readonly blame?: 'soft' | 'ignore' | undefined;
  /** The time limit that ran out, by its name in the configuration (kind `timeout`): `connect`, `headers`, `idle`, `attempt`, `total` ... */
  readonly limit?: string | undefined;
  /** A quota is used up: for so many milliseconds no request of the same scope can succeed. */
  readonly quotaMs?: number | undefined;
  /** Name that a rule of the configuration gave to this case, for metrics and log. */
  readonly rule?: string | undefined;
  /** The upstream's own id of its answer, as its body told it. */
  readonly upstreamId?: string | undefined;
}

/** What a failure needs beyond the defaults `own: false` and no reply. */
export type FailureParts = Omit<Failure, 'type' | 'own'> & { readonly own?: boolean };

/** Builds a failure; `own` is false unless said. */
export function failure(parts: FailureParts): Failure {
  return { type: 'failure', own: false, ...parts };
}

/**
 * What a failed attempt leaves open: nothing; whether the upstream did what it answered with an error (`error`); whether it did what it never answered (`silence`).
 */
export type LeftOpen = 'nothing' | 'error' | 'silence';

/** What a failure leaves open of the effects of its attempt. */
export function leftOpenBy({ replay, kind, reply }: Failure): LeftOpen {
  if (replay !== 'ambiguous' && replay !== 'cut' && kind !== 'aborted') return 'nothing';
  return reply === undefined ? 'silence' : 'error';
}

/** What two attempts leave open: the graver of both. */
export function graver(one: LeftOpen, other: LeftOpen): LeftOpen {
  if (one === 'silence' || other === 'silence') return 'silence';
  return one === 'error' ? one : other;
}

/** Failures of a client that left: nobody is there to answer, and the upstream is not to blame. */
export function clientClosed(phase: Phase, detail = 'the client closed its connection'): Failure {
  return failure({ code: 'client_closed', phase, kind: 'aborted', replay: 'answered', detail, own: true });
}

/** The limit of a client that says how long it waits (`timeouts.deadlineHeader`), where that is less than the configuration gives. */
export const CLIENT_LIMIT = 'deadlineHeader';

/** Whether a failure speaks against its upstream. A refusal of ours, a full pool of ours, a client that left or gave it less time than the configuration does, and a request that could not be written do not. */
export function isUpstreamFault({ own, kind, phase, code, limit }: Failure): boolean {
  return !own && kind !== 'aborted' && phase !== 'queue' && code !== 'http_request_error' && limit !== CLIENT_LIMIT;
}

/** The error type of RFC 9209 section 2.3 for a code: our own are told by the nearest one. */
export function errorTypeOf(code: FailureCode): string {
  if (code === 'request_timeout' || code === 'request_too_large') return 'http_request_error';
  if (code === 'request_paced' || code === 'not_cached') return 'http_request_denied';
  if (code === 'http_response_status') return 'http_protocol_error';
  return code;
}
