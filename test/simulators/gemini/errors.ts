import { type Answer, jsonAnswer } from '../answer.ts';

const STATUS_NAMES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

const MESSAGES: Readonly<Record<number, string>> = {
  429: 'Resource has been exhausted (e.g. check quota).',
  500: 'An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting',
  503: 'The model is overloaded. Please try again later.',
  504: 'Deadline expired before operation could complete.',
};

/** A google.rpc.Status as the API wraps it. */
export interface GoogleError {
  readonly error: { readonly code: number; readonly message: string; readonly status: string; readonly details?: readonly object[] };
}

/** The body of an error. */
export function googleErrorBody(code: number, message = MESSAGES[code] ?? 'Error', details: readonly object[] = []): GoogleError {
  return { error: { code, message, status: STATUS_NAMES[code] ?? 'UNKNOWN', ...(details.length > 0 && { details }) } };
}

/** An error answer. */
export function googleError(code: number, message?: string, details?: readonly object[]): Answer {
  return jsonAnswer(code, googleErrorBody(code, message, details));
}

/** 429 as a quota gives it: `minute` names the wait in RetryInfo, `day` is final until the reset, `both` has violations of both kinds. */
export function quotaError(per: 'minute' | 'day' | 'both', retryDelay = '26s', model = 'gemini-2.5-flash'): Answer {
  const violation = (window: string): object => ({
    quotaMetric: 'generativelanguage.googleapis.com/generate_content_free_tier_requests',
    quotaId: `GenerateRequestsPer${window}PerProjectPerModel-FreeTier`,
    quotaDimensions: { location: 'global', model },
    quotaValue: '10',
  });
  const violations = [...(per === 'day' ? [] : [violation('Minute')]), ...(per === 'minute' ? [] : [violation('Day')])];
  return googleError(429, 'You exceeded your current quota, please check your plan and billing details.', [
    { '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations },
    {
      '@type': 'type.googleapis.com/google.rpc.Help',
      links: [{ description: 'Learn more about Gemini API quotas', url: 'https://ai.google.dev/gemini-api/docs/rate-limits' }],
    },
    { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay },
  ]);
}

/** 400 of a key that does not hold. */
export function invalidKey(): Answer {
  const detail = {
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    reason: 'API_KEY_INVALID',
    domain: 'googleapis.com',
    metadata: { service: 'generativelanguage.googleapis.com' },
  };
  return googleError(400, 'API key not valid. Please pass a valid API key.', [detail]);
}
