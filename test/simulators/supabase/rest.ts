import { type Answer, bytesAnswer, emptyAnswer, jsonAnswer } from '../answer.ts';
import type { SeenRequest } from '../recorder.ts';
import type { Database, Row } from './database.ts';
import { RestError, restError } from './errors.ts';
import { parsePrefer, type Preferences } from './preferences.ts';
import { chooseRows, paging, parseQuery, represent, type Query, type Visibility } from './query.ts';

/** A function that `/rpc/NAME` calls. */
export type RestFunction = (args: Row) => unknown;

const OBJECT = 'application/vnd.pgrst.object+json';
const COMMON = { vary: 'Accept, Prefer, Range' };

/** The PostgREST part: tables and functions. */
export class Rest {
  readonly #database: Database;
  readonly functions = new Map<string, RestFunction>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Answers `/rest/v1/{rest}`. */
  answer(request: SeenRequest, rest: string, visible: Visibility): Answer {
    try {
      const profile = request.headers[request.method === 'GET' || request.method === 'HEAD' ? 'accept-profile' : 'content-profile'];
      if (profile !== undefined && profile !== 'public') throw new RestError('PGRST106', 'The schema must be one of the following: public');
      const name = decodeURIComponent(rest);
      if (name === '') return jsonAnswer(200, { swagger: '2.0', info: { title: 'PostgREST API', version: '16.1' } });
      if (name.startsWith('rpc/')) return this.#call(request, name.slice(4));
      if (name.includes('/')) throw new RestError('PGRST125');
      return this.#table(request, name, visible);
    } catch (error) {
      if (error instanceof RestError) return restError(error.code, error.message, error.details);
      throw error;
    }
  }

  #table(request: SeenRequest, name: string, visible: Visibility): Answer {
    this.#database.table(name);
    const query = parseQuery(request.query);
    const prefer = parsePrefer(request.headers['prefer']);
    const write = {
      POST: () => this.#insert(request, name, query, prefer),
      PUT: () => this.#put(request, name, query, prefer),
      PATCH: () => this.#patch(request, name, query, visible),
      DELETE: () => this.#delete(name, query, visible),
    }[request.method];
    if (write === undefined && request.method !== 'GET' && request.method !== 'HEAD')
      throw new RestError('PGRST117', `Unsupported HTTP method: ${request.method}`);
    if (write === undefined) return this.#read(request, name, query, prefer, visible);
    return this.#database.transaction(name, prefer.rollback, () => {
      const { status, rows } = write();
      return this.#written(request, name, status, rows, query, prefer, visible);
    });
  }

  #read(request: SeenRequest, name: string, query: Query, prefer: Preferences, visible: Visibility): Answer {
    const all = represent(this.#database, name, chooseRows(this.#database, name, query.parts.get('') ?? [], visible), query, visible);
    const { offset, limit } = pageOf(request, query);
    const page = all.slice(offset, offset + limit);
    const total = prefer.count ? all.length : undefined;
    if (total !== undefined && offset > 0 && offset > total)
      throw new RestError('PGRST103', undefined, `An offset of ${offset} was requested, but there are only ${total} rows.`);
    const range = `${page.length === 0 ? '*' : `${offset}-${offset + page.length - 1}`}/${total ?? '*'}`;
    const status = total !== undefined && page.length < total ? 206 : 200;
    const location = `/${name}${request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : ''}`;
    return body(request, status, page, { 'content-range': range, 'content-location': location, ...applied(prefer) });
  }

  #insert(request: SeenRequest, name: string, query: Query, prefer: Preferences): { status: number; rows: Row[] } {
    const settings = new Map(query.parts.get('') ?? []);
    const columns = settings
      .get('columns')
      ?.split(',')
      .map((column) => column.replace(/^"|"$/g, ''));
    const given = rowsOf(request).map((row) =>
      columns === undefined ? row : Object.fromEntries(columns.map((column) => [column, row[column] ?? null])),
    );
    const conflict = prefer.resolution && { on: settings.get('on_conflict')?.split(',') ?? [], resolution: prefer.resolution };
    const { rows, created } = this.#database.insert(name, given, conflict);
    return { status: prefer.resolution === 'merge' && created === 0 ? 200 : 201, rows };
  }

  #put(request: SeenRequest, name: string, query: Query, prefer: Preferences): { status: number; rows: Row[] } {
    const key = this.#database.table(name).primaryKey;
    const filters = (query.parts.get('') ?? []).filter(([column]) => column !== 'select');
    if (filters.length !== 1 || filters[0]?.[0] !== key || !filters[0][1].startsWith('eq.')) throw new RestError('PGRST105');
    const { rows, created } = this.#database.insert(name, rowsOf(request), { on: [key], resolution: 'merge' });
    return { status: created > 0 ? 201 : prefer.returns === 'minimal' ? 204 : 200, rows };
  }

  #patch(request: SeenRequest, name: string, query: Query, visible: Visibility): { status: number; rows: Row[] } {
    const [changes = {}] = rowsOf(request);
    const rows = chooseRows(this.#database, name, query.parts.get('') ?? [], visible);
    for (const row of rows) Object.assign(row, changes);
    return { status: 200, rows };
  }

  #delete(name: string, query: Query, visible: Visibility): { status: number; rows: Row[] } {
    const table = this.#database.table(name);
    const rows = chooseRows(this.#database, name, query.parts.get('') ?? [], visible);
    table.rows = table.rows.filter((row) => !rows.includes(row));
    return { status: 200, rows };
  }

  #written(request: SeenRequest, name: string, status: number, rows: Row[], query: Query, prefer: Preferences, visible: Visibility): Answer {
    const total = prefer.count ? String(rows.length) : '*';
    const span = request.method === 'POST' || request.method === 'PUT' || rows.length === 0 ? '*' : `0-${rows.length - 1}`;
    const key = this.#database.table(name).primaryKey;
    const location =
      request.method === 'POST' && rows.length === 1 && prefer.returns === 'headers-only'
        ? { location: `/${name}?${key}=eq.${String(rows[0]?.[key])}` }
        : {};
    const headers = { 'content-range': `${span}/${total}`, ...location, ...applied(prefer) };
    if (prefer.returns === 'representation') return body(request, status, represent(this.#database, name, rows, query, visible), headers);
    return emptyAnswer(status === 200 ? 204 : status, { ...COMMON, ...headers });
  }

  #call(request: SeenRequest, name: string): Answer {
    const callee = this.functions.get(name);
    if (callee === undefined) throw new RestError('PGRST202', `Could not find the function public.${name} without parameters in the schema cache`);
    const args = request.method === 'POST' ? (rowsOf(request)[0] ?? {}) : Object.fromEntries(request.query);
    const result = callee(args);
    if (result === undefined) return emptyAnswer(204, COMMON);
    return Array.isArray(result)
      ? body(request, 200, result as Row[], { 'content-range': `0-${result.length - 1}/*` })
      : jsonAnswer(200, result, COMMON);
  }
}

/** The rows in the form that `Accept` asks for. */
function body(request: SeenRequest, status: number, rows: readonly Row[], headers: Record<string, string>): Answer {
  const accept = request.headers['accept'] ?? '*/*';
  const fields = { ...COMMON, ...(request.headers['accept-profile'] !== undefined && { 'content-profile': 'public' }), ...headers };
  if (accept.includes(OBJECT)) {
    if (rows.length !== 1) throw new RestError('PGRST116', undefined, `The result contains ${rows.length} rows`);
    return jsonAnswer(status, rows[0], { ...fields, 'content-type': `${OBJECT}; charset=utf-8` });
  }
  if (accept.startsWith('text/csv')) return bytesAnswer(status, Buffer.from(csv(rows)), { ...fields, 'content-type': 'text/csv; charset=utf-8' });
  if (!/json|\*\/\*/.test(accept)) throw new RestError('PGRST107', `None of these media types are available: ${accept}`);
  return jsonAnswer(status, rows, fields);
}

function csv(rows: readonly Row[]): string {
  const names = Object.keys(rows[0] ?? {});
  return [names, ...rows.map((row) => names.map((name) => row[name]))].map((line) => line.map((value) => String(value ?? '')).join(',')).join('\n');
}

/** The rows in the body of a write. */
function rowsOf(request: SeenRequest): Row[] {
  if (request.body.length === 0) return [{}];
  try {
    const value = JSON.parse(request.body.toString()) as Row | Row[];
    return Array.isArray(value) ? value : [value];
  } catch {
    throw new RestError('PGRST102');
  }
}

/** The narrower of the `Range` header and `offset`/`limit`. */
function pageOf(request: SeenRequest, query: Query): { offset: number; limit: number } {
  const { offset, limit } = paging(query.parts.get('') ?? []);
  const [, from, to] = /^(\d+)-(\d*)$/.exec(request.headers['range'] ?? '') ?? [];
  if (from === undefined) return { offset, limit };
  const wanted = to === undefined || to === '' ? Infinity : Number(to) - Number(from) + 1;
  return { offset: Math.max(offset, Number(from)), limit: Math.min(limit, wanted) };
}

function applied(prefer: Preferences): Record<string, string> {
  return prefer.applied === '' ? {} : { 'preference-applied': prefer.applied };
}
