import type { ErrorsConfig } from '../config/schema.ts';
import { BytesBody } from '../model/body.ts';
import type { Exchange } from '../model/exchange.ts';
import { errorTypeOf, type Failure, type FailureCode, STATUS_OF } from '../model/failure.ts';
import { headerValue } from '../model/headers.ts';
import { type Outcome, reply, type Reply } from '../model/outcome.ts';
import { after, type Layer } from '../model/service.ts';
import { errorBody } from './dialects.ts';
import { isRepeatable } from './repeatable.ts';

/** How a route answers for failures. */
export interface AnswerOptions {
  readonly upstream: string;
  readonly errors: ErrorsConfig;
  readonly repeatable: boolean | undefined;
}

/** The last word of a stable code, by failure. Changing one breaks whoever matches on it: docs/errors.md lists them. */
export const CODE_SUFFIX = {
  dns_timeout: 'timeout',
  dns_error: 'unreachable',
  destination_unavailable: 'unavailable',
  connection_refused: 'unreachable',
  connection_terminated: 'connection_lost',
  connection_timeout: 'timeout',
  connection_read_timeout: 'timeout',
  connection_write_timeout: 'timeout',
  connection_limit_reached: 'overloaded',
  tls_protocol_error: 'tls_error',
  tls_certificate_error: 'certificate_error',
  http_request_error: 'bad_request',
  http_request_denied: 'denied',
  http_response_incomplete: 'incomplete_response',
  http_response_status: 'error',
  http_response_timeout: 'timeout',
  http_protocol_error: 'bad_response',
  proxy_internal_error: 'internal_error',
  proxy_configuration_error: 'misconfigured',
  proxy_loop_detected: 'loop',
  request_timeout: 'request_timeout',
  request_too_large: 'request_too_large',
  request_paced: 'rate_limited',
  not_cached: 'not_cached',
  client_closed: 'client_closed',
} as const satisfies Record<FailureCode, string>;

/**
 * Turns a failure into the answer that the client gets: the upstream's own where it gave one, else an error in its dialect. Also maps the upstream's
 * statuses, remembered ones included, as `errors.rewrite` asks.
 */
export function answer(options: AnswerOptions): Layer {
  const rewrite = new Map(Object.entries(options.errors.rewrite ?? {}).map(([from, to]) => [Number(from), to]));
  const answered = (outcome: Outcome, exchange: Exchange): Reply => {
    const found = answerOf(outcome, exchange, options);
    const status = rewrite.size > 0 && found.source !== 'proxy' ? (rewrite.get(found.status) ?? found.status) : found.status;
    return status === found.status ? found : { ...found, status };
  };
  return (next) => (exchange) => after(next(exchange), (outcome) => answered(outcome, exchange));
}

function answerOf(outcome: Outcome, exchange: Exchange, options: AnswerOptions): Reply {
  if (outcome.type === 'reply') return outcome;
  exchange.failure = outcome;
  exchange.outcomeUnknown = isUnknown(outcome, exchange, options.repeatable);
  if (outcome.reply === undefined) return errorReply(outcome, exchange, options);
  return exchange.outcomeUnknown ? { ...outcome.reply, headers: [...outcome.reply.headers, 'x-proxy-outcome', 'unknown'] } : outcome.reply;
}

/** The answer to a failure that the upstream gave no answer of its own for. */
export function errorReply(failed: Failure, exchange: Exchange, options: AnswerOptions): Reply {
  const { errors } = options;
  const natural = STATUS_OF[failed.code];
  const status = errors.status?.[failed.code] ?? errors.status?.[String(natural)] ?? natural;
  const retryAfterSeconds = failed.retryAfterMs === undefined ? undefined : Math.max(1, Math.ceil(failed.retryAfterMs / 1000));
  const code = `${errors.code ?? codePrefix(options.upstream)}_${CODE_SUFFIX[failed.code]}`;
  const { contentType, body } = errorBody(errors.dialect ?? 'problem', {
    status,
    code,
    message: messageOf(failed, options.upstream),
    detail: failed.detail,
    safeToRepeat: failed.replay === 'unsent' || failed.replay === 'refused',
    retryAfterSeconds,
    requestId: exchange.id,
    apiVersion: headerValue(exchange.headers, 'x-supabase-api-version'),
  });
  const bytes = Buffer.from(body);
  const headers = [
    'content-type',
    contentType,
    'content-length',
    String(bytes.length),
    'cache-control',
    'no-store',
    'x-proxy-error',
    code,
    'proxy-status',
    proxyStatus(failed, exchange),
  ];
  if (isUnknown(failed, exchange, options.repeatable)) headers.push('x-proxy-outcome', 'unknown');
  if (retryAfterSeconds !== undefined) headers.push('retry-after', String(retryAfterSeconds));
  if (errors.dialect === 'gotrue') headers.push('x-sb-error-code', status === 504 ? 'request_timeout' : 'unexpected_failure');
  return reply(status, headers, 'proxy', new BytesBody(bytes));
}

/** True where nobody can say whether the upstream did it, and doing it twice would matter. */
function isUnknown(failed: Failure, exchange: Exchange, repeatable: boolean | undefined): boolean {
  return failed.replay === 'ambiguous' && !isRepeatable(exchange, repeatable);
}

function codePrefix(upstream: string): string {
  return upstream === '' ? 'proxy' : upstream.replaceAll('-', '_');
}

function messageOf(failed: Failure, upstream: string): string {
  const name = upstream === '' ? 'The request' : `The upstream ${upstream}`;
  switch (failed.code) {
    case 'destination_unavailable':
      return `${name} is failing and is left alone for now`;
    case 'connection_limit_reached':
      return `${name} has too many requests under way`;
    case 'request_too_large':
      return upstream === '' ? 'The request is too large' : `The request to the upstream ${upstream} is too large`;
    case 'request_timeout':
      return upstream === '' ? 'The request came too slowly' : `The request to the upstream ${upstream} came too slowly`;
    case 'request_paced':
      // a quota names its rule; a pace is the configuration's own
      if (failed.rule !== undefined) return `${name} has set a limit that is reached`;
      return `${upstream === '' ? 'Requests' : `Requests to the upstream ${upstream}`} are paced, and this one would have to wait for too long`;
    case 'not_cached':
      return 'Nothing is stored for the request, which asks for a stored answer alone';
    default:
      return failed.kind === 'timeout' ? `${name} did not answer in time` : `${name} failed in phase ${failed.phase}`;
  }
}

/** RFC 9209: who failed, how and where; our details as `phase`, attempts and elapsed time. */
export function proxyStatus(failed: Failure, exchange: Exchange): string {
  const elapsedMs = Math.round(performance.now() - exchange.startedAt);
  const details = `phase=${failed.phase}; attempts=${attemptsOf(failed, exchange)}; elapsed=${elapsedMs}ms; ${failed.detail}`.replace(
    /["\\]|[^\x20-\x7e]/g,
    "'",
  );
  const hop = exchange.authority === '' ? '' : `; next-hop="${exchange.authority}"`;
  return `breakwater; error=${errorTypeOf(failed.code)}${hop}; details="${details}"`;
}

/** Attempts that went out: what we refused ourselves was none. */
function attemptsOf(failed: Failure, exchange: Exchange): number {
  return failed.own ? (exchange.root.attempts?.length ?? 0) : exchange.attempt;
}
