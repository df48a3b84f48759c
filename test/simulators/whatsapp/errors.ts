import { type Answer, jsonAnswer } from '../answer.ts';

interface GraphCode {
  readonly status: number;
  readonly message: string;
  readonly type?: string;
  /** Present only where Meta's specification shows it. */
  readonly transient?: boolean;
  readonly details?: string;
}

/** The Graph error codes that the simulator can answer with, each with the HTTP status under which it was most often seen. */
export const GRAPH_ERRORS = {
  0: { status: 401, message: 'AuthException' },
  1: { status: 500, message: 'An unknown error has occurred.' },
  2: { status: 503, message: 'An unexpected error has occurred. Please retry your request later.', transient: true },
  3: { status: 500, message: '(#3) Application does not have the capability to make this API call.' },
  4: { status: 429, message: '(#4) Application request limit reached', transient: true },
  10: { status: 403, message: '(#10) Application does not have permission for this action' },
  33: { status: 400, message: '(#33) The business phone number has been deleted' },
  100: { status: 400, message: '(#100) Invalid parameter', details: 'Unexpected key on param' },
  104: { status: 401, message: 'An access token is required to request this resource.' },
  190: { status: 401, message: 'Error validating access token: Session has expired' },
  368: { status: 403, message: '(#368) Temporarily blocked for policies violations' },
  803: { status: 404, message: '(#803) Some of the aliases you requested do not exist' },
  80007: { status: 429, message: '(#80007) There have been too many calls from this WhatsApp Business account.', transient: true },
  130429: {
    status: 429,
    message: '(#130429) Rate limit hit',
    details: 'Message failed to send because there were too many messages sent from this phone number in a short period of time',
  },
  131000: { status: 500, message: '(#131000) Something went wrong', details: 'Message failed to send due to an unknown error.' },
  131008: { status: 400, message: '(#131008) Required parameter is missing' },
  131016: { status: 503, message: '(#131016) Service unavailable', details: 'A service is temporarily unavailable' },
  131026: { status: 400, message: '(#131026) Message Undeliverable' },
  131047: {
    status: 400,
    message: '(#131047) Re-engagement message',
    details: 'More than 24 hours have passed since the recipient last replied to the sender number.',
  },
  131048: { status: 429, message: '(#131048) Spam rate limit hit' },
  131056: { status: 429, message: '(#131056) (Business Account, Consumer Account) pair rate limit hit' },
  131057: { status: 503, message: '(#131057) Account in maintenance mode' },
  132000: { status: 400, message: '(#132000) Number of parameters does not match the expected number of params' },
  132001: { status: 404, message: '(#132001) Template name does not exist in the translation' },
  133004: { status: 503, message: '(#133004) Server Temporarily Unavailable' },
} as const satisfies Record<number, GraphCode>;

export type GraphErrorCode = keyof typeof GRAPH_ERRORS;

/** What a particular error says besides its code. */
export interface GraphErrorParts {
  readonly status?: number;
  readonly message?: string;
  readonly details?: string;
  readonly transient?: boolean;
  readonly type?: string;
  readonly headers?: Record<string, string>;
}

/** A Graph API error answer. */
export function graphError(code: GraphErrorCode, parts: GraphErrorParts = {}): Answer {
  const known: GraphCode = GRAPH_ERRORS[code];
  const transient = parts.transient ?? known.transient;
  const details = parts.details ?? known.details;
  const status = parts.status ?? known.status;
  const error = {
    message: parts.message ?? known.message,
    type: parts.type ?? 'OAuthException',
    code,
    ...(details !== undefined && { error_data: { messaging_product: 'whatsapp', details } }),
    ...(transient !== undefined && { is_transient: transient }),
    fbtrace_id: 'AzSimulated0123456789ab',
  };
  return jsonAnswer(
    status,
    { error },
    {
      ...GRAPH_HEADERS,
      ...(status === 401 && { 'www-authenticate': `OAuth "Facebook Platform" "invalid_token" "${error.message}"` }),
      ...parts.headers,
    },
  );
}

/** Headers on every Graph answer. */
export const GRAPH_HEADERS = {
  'cache-control': 'private, no-cache, no-store, must-revalidate',
  expires: '2000',
  'x-fb-trace-id': 'AzSimulated0123456789ab',
  'x-fb-request-id': 'simulated',
  'facebook-api-version': 'v23.0',
  'x-app-usage': '{"call_count":0,"total_cputime":0,"total_time":0}',
};
