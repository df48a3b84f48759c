import { expect } from 'vitest';
import type { Got } from './client.ts';
import type { Trouble } from './faults.ts';
import type { Expectation } from './model.ts';
import type { Route } from './routes.ts';

const GOOGLE_NAME: Readonly<Record<number, string>> = { 502: 'UNAVAILABLE', 504: 'DEADLINE_EXCEEDED' };

/** Our own error has the shape that the upstream's SDKs parse, and says whether a repeat does harm. */
export function expectDialect(got: Got, route: Route, code: string, { status }: Expectation, trouble: Trouble | undefined): void {
  expect(got.headers['content-type']).toBe('application/json; charset=utf-8');
  expect(got.headers['cache-control']).toBe('no-store');
  const body = JSON.parse(got.body.toString()) as Record<string, unknown>;
  switch (route.dialect) {
    case 'graph':
      return expect(body).toMatchObject({
        error: {
          type: 'OAuthException',
          code: 2,
          is_transient: trouble?.replay === 'unsent',
          error_data: { messaging_product: 'whatsapp', details: expect.stringContaining(code) },
          fbtrace_id: expect.stringMatching(/^breakwater-case-\d+$/),
        },
      });
    case 'google':
      return expect(body).toMatchObject({
        error: { code: status, status: GOOGLE_NAME[status], details: [{ reason: code.toUpperCase(), domain: 'breakwater' }] },
      });
    case 'postgrest':
      return expect(body).toMatchObject({ code: code.toUpperCase(), message: expect.any(String), details: expect.any(String), hint: null });
    case 'gotrue': {
      const word = status === 504 ? 'request_timeout' : 'unexpected_failure';
      expect(got.headers['x-sb-error-code']).toBe(word);
      return expect(body).toMatchObject({ code: status, error_code: word, msg: expect.stringContaining(code) });
    }
    case 'storage':
      return expect(body).toMatchObject({ statusCode: String(status), error: code, message: expect.any(String) });
  }
}
