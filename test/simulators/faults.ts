import type { Answer } from './answer.ts';
import type { Distribution } from './distribution.ts';
import type { Matchable } from './match.ts';

/** Strikes a connection, before a request is known: `on` cannot choose among routes. */
export type ConnectionFault =
  /** Accepted and reset at once. */
  | { readonly kind: 'reset-connection' }
  /** Accepted; the handshake is never answered. */
  | { readonly kind: 'stall-tls' }
  /** Accepted and closed with FIN in place of the handshake. */
  | { readonly kind: 'close-tls' }
  /** Reset after the handshake, before a byte of the request is read. */
  | { readonly kind: 'reset-before-reading' };

/** Strikes when the head of a request is there; its body is not read. The request has no effect. */
export type HeadFault = { readonly kind: 'reset-at-head' } | { readonly kind: 'stall-reading' };

/**
 * Strikes when the whole request is there. The request has had its effect (a message sent, a row inserted), which is what makes such
 * faults dangerous, unless the rule says `effect: false`.
 */
export type AnswerFault =
  /** RST in place of an answer. */
  | { readonly kind: 'reset-before-headers' }
  /** FIN in place of an answer. */
  | { readonly kind: 'close-before-headers' }
  /** No answer; with `forMs` a late one. */
  | { readonly kind: 'stall-headers'; readonly forMs?: number }
  /** Head and `afterBytes` of the body, then silence; with `forMs` the rest comes late. */
  | { readonly kind: 'stall-body'; readonly afterBytes?: number; readonly forMs?: number }
  /** The body, `bytes` at a time. */
  | { readonly kind: 'drip'; readonly bytes: number; readonly everyMs: number }
  /** RST after the head and `afterBytes` of the body. */
  | { readonly kind: 'reset-body'; readonly afterBytes?: number }
  /** FIN after the head and `afterBytes` of the body, less than Content-Length promised. */
  | { readonly kind: 'truncate-body'; readonly afterBytes?: number }
  /** An answer that is not HTTP, in the named place. */
  | { readonly kind: 'malformed'; readonly how: Malformation }
  /** More bytes than Content-Length says. */
  | { readonly kind: 'overlong' }
  /** A right answer, and FIN `afterMs` later although keep-alive was promised. */
  | { readonly kind: 'close-idle'; readonly afterMs?: number }
  /** These bytes, nothing else. */
  | { readonly kind: 'raw'; readonly bytes: string };

/** Where a malformed answer is malformed. */
export type Malformation = 'status-line' | 'header' | 'content-length' | 'chunk' | 'huge-header';

/** Another answer in place of the right one. The request has no effect, unless the rule says `effect: true`. */
export type InsteadFault =
  | { readonly kind: 'status'; readonly status: number; readonly body?: string | object; readonly headers?: Record<string, string> }
  | { readonly kind: 'answer'; readonly answer: Answer | ((request: Matchable) => Answer) };

/** A longer way to the same answer, on top of the latency that the simulator has anyway. */
export type SlowFault = { readonly kind: 'slow'; readonly latency: Distribution };

/** Whatever a rule can do to a request. */
export type RequestFault = HeadFault | AnswerFault | InsteadFault | SlowFault;
export type Fault = ConnectionFault | RequestFault;

const CONNECTION: ReadonlySet<string> = new Set(['reset-connection', 'stall-tls', 'close-tls', 'reset-before-reading']);

/** Whether the fault strikes connections and not requests. */
export function isConnectionFault(fault: Fault): fault is ConnectionFault {
  return CONNECTION.has(fault.kind);
}

/** Whether the fault strikes before the body is read. */
export function isHeadFault(fault: RequestFault): fault is HeadFault {
  return fault.kind === 'reset-at-head' || fault.kind === 'stall-reading';
}

/** Whether the request has its effect although the fault struck, where the rule does not say. */
export function hasEffect(fault: RequestFault): boolean {
  return fault.kind !== 'status' && fault.kind !== 'answer' && !isHeadFault(fault);
}
