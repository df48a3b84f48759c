import type { ErrorsConfig } from '../config/schema.ts';

/** What an error of ours says, before an upstream's dialect gives it its shape. */
export interface ErrorFacts {
  readonly status: number;
  /** Stable code: `gemini_timeout`. */
  readonly code: string;
  /** For people. */
  readonly message: string;
  readonly detail: string;
  /** Nothing was done upstream, so that sending it again does no harm. */
  readonly safeToRepeat: boolean;
  readonly retryAfterSeconds: number | undefined;
  readonly requestId: string;
  /** The request's `X-Supabase-Api-Version`, which chooses between GoTrue's two shapes. */
  readonly apiVersion: string | undefined;
}

/** The shapes of error bodies that Breakwater can speak. */
export type Dialect = NonNullable<ErrorsConfig['dialect']>;

/** The body of an error and its media type. */
export interface ErrorBody {
  readonly contentType: string;
  readonly body: string;
}

const JSON_TYPE = 'application/json; charset=utf-8';

/** Names of google.rpc.Code for the statuses that we answer with. */
const GOOGLE_STATUS: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  408: 'DEADLINE_EXCEEDED',
  413: 'INVALID_ARGUMENT',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** RFC 9457: for upstreams without a shape of their own. */
function problem(facts: ErrorFacts): object {
  return {
    type: `urn:breakwater:error:${facts.code}`,
    title: facts.message,
    status: facts.status,
    detail: facts.detail,
    code: facts.code,
    instance: facts.requestId,
  };
}

/** google.rpc.Status as its HTTP mapping writes it, with the ErrorInfo and RetryInfo details that SDKs read. */
function google(facts: ErrorFacts): object {
  const details: object[] = [
    {
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason: facts.code.toUpperCase(),
      domain: 'breakwater',
      metadata: { requestId: facts.requestId },
    },
  ];
  if (facts.retryAfterSeconds !== undefined) {
    details.push({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${facts.retryAfterSeconds}s` });
  }
  const message = `${facts.message}: ${facts.detail}`;
  return { error: { code: facts.status, message, status: GOOGLE_STATUS[facts.status] ?? 'UNKNOWN', details } };
}

/** Graph API error. `is_transient` is true only where nothing was sent: wrappers repeat a call on it. */
function graph(facts: ErrorFacts): object {
  return {
    error: {
      message: `(#2) ${facts.message}`,
      type: 'OAuthException',
      code: 2,
      is_transient: facts.safeToRepeat,
      error_data: { messaging_product: 'whatsapp', details: `${facts.code}: ${facts.detail}` },
      fbtrace_id: `breakwater-${facts.requestId}`,
    },
  };
}

function postgrest(facts: ErrorFacts): object {
  return { code: facts.code.toUpperCase(), message: facts.message, details: facts.detail, hint: null };
}

/** GoTrue's error, in the shape that the request's API version asks for. */
function gotrue(facts: ErrorFacts): object {
  const code = facts.status === 504 ? 'request_timeout' : 'unexpected_failure';
  const message = `${facts.message} (${facts.code}: ${facts.detail})`;
  return facts.apiVersion === undefined ? { code: facts.status, error_code: code, msg: message } : { code, message };
}

function storage(facts: ErrorFacts): object {
  return { statusCode: String(facts.status), error: facts.code, message: `${facts.message}: ${facts.detail}` };
}

const SHAPES = { problem, google, graph, postgrest, gotrue, storage } as const satisfies Record<Dialect, (facts: ErrorFacts) => object>;

/** An error in the shape that the upstream's own SDKs parse. */
export function errorBody(dialect: Dialect, facts: ErrorFacts): ErrorBody {
  return { contentType: dialect === 'problem' ? 'application/problem+json' : JSON_TYPE, body: JSON.stringify(SHAPES[dialect](facts)) };
}
