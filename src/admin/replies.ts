import { STATUS_CODES } from '../model/node-http.ts';
import type { AdminReply } from './route.ts';

/** An answer in JSON, indented: people read it. */
export function json(value: unknown, status = 200): AdminReply {
  return { status, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(value, undefined, 2)}\n` };
}

/** An answer in plain text. */
export function text(body: string, status = 200): AdminReply {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${body}\n` };
}

/** A page. */
export function html(body: string): AdminReply {
  const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  return { status: 200, contentType: 'text/html; charset=utf-8', body, headers: { 'content-security-policy': policy } };
}

/** Text as HTML says it, in elements and in attributes within double quotes. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

/** An error of the admin listener itself (RFC 9457). */
export function problem(status: number, detail: string, headers?: Readonly<Record<string, string>>): AdminReply {
  const body = `${JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail })}\n`;
  return { status, contentType: 'application/problem+json', body, ...(headers === undefined ? undefined : { headers }) };
}
