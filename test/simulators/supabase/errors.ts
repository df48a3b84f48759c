import { type Answer, bytesAnswer, jsonAnswer } from '../answer.ts';

/** HTTP status and words of the PostgREST and PostgreSQL codes that the simulator answers with. */
const CODES = {
  PGRST000: [503, 'Could not connect with the database due to an internal error.'],
  PGRST001: [503, 'Database client error. Retrying the connection.'],
  PGRST002: [503, 'Could not query the database for the schema cache. Retrying.'],
  PGRST003: [504, 'Timed out acquiring connection from connection pool.'],
  PGRST100: [400, 'failed to parse filter'],
  PGRST102: [400, 'Empty or invalid json'],
  PGRST103: [416, 'Requested range not satisfiable'],
  PGRST105: [405, 'Filters must include all and only primary key columns with "eq" operators'],
  PGRST106: [406, 'Invalid schema'],
  PGRST107: [406, 'None of these media types are available'],
  PGRST116: [406, 'Cannot coerce the result to a single JSON object'],
  PGRST117: [405, 'Unsupported HTTP method'],
  PGRST125: [404, 'Invalid path specified in request URL'],
  PGRST200: [400, 'Could not find a relationship in the schema cache'],
  PGRST202: [404, 'Could not find the function in the schema cache'],
  PGRST205: [404, 'Could not find the table in the schema cache'],
  PGRST301: [401, 'JWSError (CompactDecodeError Invalid number of parts)'],
  PGRST303: [401, 'JWT expired'],
  '23502': [400, 'null value in column violates not-null constraint'],
  '23503': [409, 'insert or update on table violates foreign key constraint'],
  '23505': [409, 'duplicate key value violates unique constraint'],
  '40001': [500, 'could not serialize access due to concurrent update'],
  '40P01': [500, 'deadlock detected'],
  '42501': [403, 'permission denied for table'],
  '42703': [400, 'column does not exist'],
  '53300': [503, 'sorry, too many clients already'],
  '53400': [500, 'configuration limit exceeded'],
  '55P03': [500, 'could not obtain lock on row'],
  '57014': [500, 'canceling statement due to statement timeout'],
  '57P01': [503, 'terminating connection due to administrator command'],
  '08006': [503, 'connection failure'],
} as const satisfies Record<string, readonly [number, string]>;

export type RestErrorCode = keyof typeof CODES;

/** Thrown inside the PostgREST part to end a request with its answer. */
export class RestError extends Error {
  readonly code: RestErrorCode;
  readonly details: string | null;

  constructor(code: RestErrorCode, message?: string, details: string | null = null) {
    super(message ?? CODES[code][1]);
    this.code = code;
    this.details = details;
  }
}

/** An error answer as PostgREST gives it, `Proxy-Status` included. */
export function restError(code: RestErrorCode, message?: string, details: string | null = null): Answer {
  const [status, words] = CODES[code];
  const headers = {
    'proxy-status': `PostgREST; error=${code}`,
    ...(code === 'PGRST301' || code === 'PGRST303' ? { 'www-authenticate': 'Bearer error="invalid_token"' } : {}),
  };
  return jsonAnswer(status, { code, message: message ?? words, details, hint: null }, headers);
}

/** A page of the CDN in front: 520 to 527 and 530, HTML and not JSON. */
export function cloudflarePage(status: number): Answer {
  const title = {
    520: 'Web server is returning an unknown error',
    521: 'Web server is down',
    522: 'Connection timed out',
    523: 'Origin is unreachable',
    524: 'A timeout occurred',
    525: 'SSL handshake failed',
    526: 'Invalid SSL certificate',
    527: 'Railgun error',
    530: 'Origin DNS error',
  }[status];
  const html = `<!DOCTYPE html>\n<html lang="en-US"><head><title>project.supabase.co | ${status}: ${title ?? 'Error'}</title></head><body><h1>Error code ${status}</h1></body></html>`;
  return bytesAnswer(status, Buffer.from(html), { 'content-type': 'text/html; charset=UTF-8', server: 'cloudflare', 'cf-ray': '8f0simulated-WAW' });
}
