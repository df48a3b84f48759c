import { type Answer, jsonAnswer } from '../answer.ts';
import type { SeenRequest } from '../recorder.ts';
import { Simulator, type SimulatorParts } from '../simulator.ts';
import { Auth } from './auth.ts';
import { Database, type Row } from './database.ts';
import { restError } from './errors.ts';
import type { Filter } from './filters.ts';
import { Rest, type RestFunction } from './rest.ts';
import { Storage } from './storage.ts';
import { type Claims, Tokens } from './tokens.ts';

export const SUPABASE_HOST = 'simulated.supabase.co';

/** A Supabase project: gateway, PostgREST, GoTrue, Storage, and an edge function that echoes. */
export class SupabaseSimulator extends Simulator {
  readonly database = new Database();
  readonly storage = new Storage();
  readonly auth: Auth;
  /** Keys for `apikey`. The gateway takes any other non-empty one too, unless `strictKeys`. */
  readonly anonKey: string;
  readonly serviceKey: string;
  strictKeys = false;
  readonly #tokens = new Tokens();
  readonly #rest = new Rest(this.database);
  readonly #owners = new Map<string, string>();

  constructor(parts: Omit<SimulatorParts, 'port'>, host = SUPABASE_HOST) {
    super([host], parts, (request) => this.#answer(request));
    this.auth = new Auth(this.#tokens);
    const exp = Math.floor(Date.now() / 1000) + 315_360_000;
    this.anonKey = this.#tokens.issue({ iss: 'supabase', role: 'anon', exp });
    this.serviceKey = this.#tokens.issue({ iss: 'supabase', role: 'service_role', exp });
  }

  /** Creates the table if it is new and puts rows into it. The primary key is `id` unless said. */
  seed(table: string, rows: readonly Row[] = [], options: Parameters<Database['seed']>[2] = {}): void {
    this.database.seed(table, rows, options);
  }

  /** Declares a foreign key. Those named by convention (`account_id` for `accounts`) need no declaring. */
  relate(from: string, column: string, to: string): void {
    this.database.relations.push({ from, column, to });
  }

  /** Row-level security: a user sees and changes only rows whose column holds his id; the service key sees all, the anon key nothing. */
  rowSecurity(table: string, ownerColumn: string): void {
    this.#owners.set(table, ownerColumn);
  }

  /** Makes `/rpc/NAME` callable. */
  define(name: string, callee: RestFunction): void {
    this.#rest.functions.set(name, callee);
  }

  /** The rows of a table as they are now. */
  rows(table: string): readonly Row[] {
    return this.database.table(table).rows;
  }

  /** The rows that requests have inserted into a table, in order, later changes included. */
  inserted(table: string): readonly Row[] {
    return this.database.inserted.filter((one) => one.table === table).map((one) => one.row);
  }

  /** A token of a user, or with whatever claims. */
  token(claims: Claims): string {
    return this.#tokens.issue({ role: 'authenticated', ...claims });
  }

  override forget(): void {
    super.forget();
    this.database.inserted.length = 0;
    this.storage.uploads.length = 0;
  }

  #answer(request: SeenRequest): Answer | Promise<Answer> {
    const [, service, rest = ''] = /^\/(rest|auth|storage|functions)\/v1\/?(.*)$/.exec(request.path) ?? [];
    const key = request.headers['apikey'] ?? request.query.get('apikey') ?? '';
    const open = service === 'storage' || service === 'functions' || rest.startsWith('.well-known/');
    if (key === '' && !open)
      return jsonAnswer(401, { message: 'No API key found in request', hint: 'No `apikey` request header or url param was found.' });
    if (this.strictKeys && key !== this.anonKey && key !== this.serviceKey && !open)
      return jsonAnswer(401, { message: 'Invalid API key', hint: 'Double check your Supabase `anon` or `service_role` API key.' });
    if (service === 'rest') return this.#restAnswer(request, rest, key);
    if (service === 'auth') return this.auth.answer(request, rest);
    if (service === 'storage') return this.storage.answer(request, rest);
    if (service === 'functions') return jsonAnswer(200, { function: rest, received: request.body.toString() });
    return jsonAnswer(404, { message: 'no Route matched with those values' });
  }

  #restAnswer(request: SeenRequest, rest: string, key: string): Answer {
    const bearer = /^Bearer (.+)$/.exec(request.headers['authorization'] ?? '')?.[1] ?? key;
    const claims = this.#claims(bearer, key);
    if (claims === 'expired') return restError('PGRST303');
    if (claims === 'malformed') return restError('PGRST301');
    return this.#rest.answer(request, rest, (table) => this.#visible(table, claims));
  }

  /** Who is asking. A key that is no token of ours counts as the service key, so that tests may use any word. */
  #claims(bearer: string, key: string): Claims | 'malformed' | 'expired' {
    const claims = this.#tokens.check(bearer);
    return claims === 'malformed' && bearer === key ? { role: 'service_role' } : claims;
  }

  #visible(table: string, claims: Claims): Filter {
    const owner = this.#owners.get(table);
    if (owner === undefined || claims.role === 'service_role') return () => true;
    return (row) => claims.sub !== undefined && row[owner] === claims.sub;
  }
}
