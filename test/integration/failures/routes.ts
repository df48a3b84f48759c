import { sseAnswer } from '../../simulators/gemini/stream.ts';
import type { Simulators } from '../../simulators/start.ts';

export type UpstreamName = 'whatsapp' | 'gemini' | 'supabase';

/** The shapes of errors that a route answers in. */
export type Dialect = 'graph' | 'google' | 'postgrest' | 'gotrue' | 'storage';

/** What a client sends. */
export interface Sending {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A route of a preset, and what is right for it: by the table of replay classes and the documents of its upstream, not by the preset. */
export interface Route {
  readonly upstream: UpstreamName;
  /** Its name in the preset, which metrics and log say. */
  readonly name: string;
  /** Its name in the test. */
  readonly label: string;
  readonly host: string;
  readonly method: string;
  /** A second sending does no harm. */
  readonly repeatable: boolean;
  /** What the upstream refused is sent again. False for sign-in, where the client decides. */
  readonly refused: boolean;
  readonly attempts: number;
  readonly dialect: Dialect;
  /** First part of the codes of our own errors. */
  readonly code: string;
  /** What becomes of an answer that breaks off: it breaks for the client; it goes on by range; its events are held back; it is told as an unknown outcome. */
  readonly breaks: 'visibly' | 'resumes' | 'before its first event' | 'as unknown';
  /** The simulator's own answer is what is compared; else one that the test gives it. */
  readonly ownAnswer?: (sim: Simulators, id: string) => Buffer;
  /** Status of the simulator's own answer, where a fault breaks its body; 200 unless said. */
  readonly ownStatus?: number;
  /** A limit of a number or of a pair makes the route wait. */
  readonly paced?: true;
  /** Reached through CONNECT only. */
  readonly byConnect?: true;
  /** What a case sends. `id` is made of digits and is the case's own. */
  readonly sending: (sim: Simulators, id: string) => Sending;
  /** How often what was asked for has been done, as the service itself counts. Absent: it changes nothing. */
  readonly done?: (sim: Simulators, id: string) => number;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const GRAPH = 'graph.facebook.com';

/** Bytes that differ from case to case. */
function mediumOf(id: string): Buffer {
  return Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 31 + Number(id)) % 251));
}

const whatsapp = { upstream: 'whatsapp', refused: true, attempts: 3, dialect: 'graph', code: 'whatsapp', host: GRAPH, breaks: 'visibly' } as const;
const bearer = (id: string) => ({ authorization: `Bearer token-${id}` });

const WHATSAPP: readonly Route[] = [
  {
    ...whatsapp,
    name: 'send',
    label: 'whatsapp send',
    method: 'POST',
    repeatable: false,
    breaks: 'as unknown',
    paced: true,
    sending: (_sim, id) => ({
      path: `/v23.0/${id}/messages`,
      headers: { ...bearer(id), ...JSON_TYPE },
      body: JSON.stringify({ messaging_product: 'whatsapp', to: id, type: 'text', text: { body: `zażółć ${id}` } }),
    }),
    done: (sim, id) => sim.whatsapp.messagesSent.filter(({ to }) => to === id).length,
  },
  {
    ...whatsapp,
    name: 'mark-read',
    label: 'whatsapp mark-read',
    method: 'POST',
    repeatable: true,
    sending: (_sim, id) => ({
      path: `/v23.0/${id}/messages`,
      headers: { ...bearer(id), ...JSON_TYPE },
      body: JSON.stringify({ messaging_product: 'whatsapp', status: 'read', message_id: `wamid.${id}` }),
    }),
    done: (sim, id) => sim.whatsapp.marksRead.filter((one) => one === `wamid.${id}`).length,
  },
  {
    ...whatsapp,
    name: 'media-url',
    label: 'whatsapp media-url',
    method: 'GET',
    repeatable: true,
    attempts: 2,
    sending: (sim, id) => ({ path: `/v23.0/${sim.whatsapp.media.add(mediumOf(id), 'image/png', id)}`, headers: bearer(id) }),
  },
  {
    ...whatsapp,
    name: 'upload-media',
    label: 'whatsapp upload',
    method: 'POST',
    repeatable: true,
    attempts: 2,
    sending: (_sim, id) => ({
      path: `/v23.0/${id}/media`,
      headers: { ...bearer(id), 'content-type': 'multipart/form-data; boundary=edge' },
      body: [
        '--edge\r\nContent-Disposition: form-data; name="messaging_product"\r\n\r\nwhatsapp\r\n',
        `--edge\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n${id.repeat(200)}\r\n--edge--\r\n`,
      ].join(''),
    }),
  },
  {
    ...whatsapp,
    name: 'download-media',
    label: 'whatsapp download',
    host: 'lookaside.fbsbx.com',
    method: 'GET',
    repeatable: true,
    code: 'whatsapp_media',
    breaks: 'resumes',
    byConnect: true,
    ownAnswer: (_sim, id) => mediumOf(id),
    sending: (sim, id) => {
      sim.whatsapp.media.add(mediumOf(id), 'image/png', id);
      return { path: `/whatsapp_business/attachments/?mid=${id}&ext=4102444800&hash=ATs`, headers: bearer(id) };
    },
  },
];

const gemini = {
  upstream: 'gemini',
  host: 'generativelanguage.googleapis.com',
  method: 'POST',
  repeatable: true,
  refused: true,
  attempts: 3,
  dialect: 'google',
  code: 'gemini',
  breaks: 'visibly',
} as const;

function prompt(method: string) {
  return (_sim: Simulators, id: string): Sending => ({
    path: `/v1beta/models/gemini-2.5-flash:${method}`,
    headers: { 'x-goog-api-key': `key-${id}`, ...JSON_TYPE },
    body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: `pytanie ${id} ąęść` }] }] }),
  });
}

function streamOf(sim: Simulators, text: string): Buffer {
  const model = 'gemini-2.5-flash';
  const { pieces = [] } = sseAnswer(model, text, sim.gemini.reply(text, model), sim.gemini.stream);
  return Buffer.concat(pieces.map(({ bytes }) => bytes));
}

const GEMINI: readonly Route[] = [
  { ...gemini, name: 'generate', label: 'gemini generate', sending: prompt('generateContent') },
  {
    ...gemini,
    name: 'stream',
    label: 'gemini stream',
    breaks: 'before its first event',
    ownAnswer: (sim, id) => streamOf(sim, `pytanie ${id} ąęść`),
    sending: prompt('streamGenerateContent?alt=sse'),
  },
  { ...gemini, name: 'count-tokens', label: 'gemini count-tokens', sending: prompt('countTokens') },
  {
    ...gemini,
    name: 'models',
    label: 'gemini models',
    method: 'GET',
    sending: (_sim, id) => ({ path: `/v1beta/models?pageSize=2&case=${id}`, headers: { 'x-goog-api-key': `key-${id}` } }),
  },
];

const supabase = {
  upstream: 'supabase',
  host: 'simulated.supabase.co',
  refused: true,
  attempts: 3,
  dialect: 'postgrest',
  code: 'database',
  breaks: 'visibly',
} as const;
const apikey = (id: string) => ({ apikey: `key-${id}`, authorization: `Bearer key-${id}` });
const written = { ...JSON_TYPE, prefer: 'return=representation' };
/** Puts the row there that a case reads or changes. */
function seeded(sim: Simulators, id: string): void {
  sim.supabase.database.table('notes').rows.push({ id: Number(id), text: 'old' });
}
const row = (id: string) => JSON.stringify({ id: Number(id), text: `zażółć ${id}` });
const inserted = (sim: Simulators, id: string): number => sim.supabase.inserted('notes').filter((one) => one['id'] === Number(id)).length;

const SUPABASE: readonly Route[] = [
  {
    ...supabase,
    name: 'table-read',
    label: 'supabase rest read',
    method: 'GET',
    repeatable: true,
    sending: (sim, id) => {
      seeded(sim, id);
      return { path: `/rest/v1/notes?select=*&id=eq.${id}`, headers: apikey(id) };
    },
  },
  {
    ...supabase,
    name: 'table-write',
    label: 'supabase insert',
    method: 'POST',
    repeatable: false,
    sending: (_sim, id) => ({ path: '/rest/v1/notes', headers: { ...apikey(id), ...written }, body: row(id) }),
    ownStatus: 201,
    done: inserted,
  },
  {
    ...supabase,
    name: 'table-upsert',
    label: 'supabase upsert',
    method: 'POST',
    repeatable: true,
    sending: (_sim, id) => ({
      path: '/rest/v1/notes',
      headers: { ...apikey(id), ...written, prefer: 'resolution=merge-duplicates,return=representation' },
      body: row(id),
    }),
    ownStatus: 201,
  },
  {
    ...supabase,
    name: 'table-put',
    label: 'supabase put',
    method: 'PUT',
    repeatable: true,
    sending: (_sim, id) => ({ path: `/rest/v1/notes?id=eq.${id}`, headers: { ...apikey(id), ...written }, body: row(id) }),
    ownStatus: 201,
  },
  {
    ...supabase,
    name: 'table-write',
    label: 'supabase patch',
    method: 'PATCH',
    repeatable: false,
    sending: (sim, id) => {
      seeded(sim, id);
      return { path: `/rest/v1/notes?id=eq.${id}`, headers: { ...apikey(id), ...written }, body: `{"text":"${id}"}` };
    },
  },
  {
    ...supabase,
    name: 'table-write',
    label: 'supabase delete',
    method: 'DELETE',
    repeatable: false,
    sending: (sim, id) => {
      seeded(sim, id);
      return { path: `/rest/v1/notes?id=eq.${id}`, headers: { ...apikey(id), prefer: 'return=representation' } };
    },
  },
  {
    ...supabase,
    name: 'rpc-call',
    label: 'supabase rpc',
    method: 'POST',
    repeatable: false,
    sending: (_sim, id) => ({ path: '/rest/v1/rpc/add', headers: { ...apikey(id), ...JSON_TYPE }, body: `{"a":${id},"b":1}` }),
  },
  {
    ...supabase,
    name: 'auth-user',
    label: 'supabase auth user',
    method: 'GET',
    repeatable: true,
    dialect: 'gotrue',
    code: 'auth',
    sending: (sim, id) => {
      const { token } = sim.supabase.auth.signUp(`${id}@example.com`);
      return { path: '/auth/v1/user', headers: { apikey: `key-${id}`, authorization: `Bearer ${token}` } };
    },
  },
  {
    ...supabase,
    name: 'auth',
    label: 'supabase sign-in',
    method: 'POST',
    repeatable: false,
    refused: false,
    dialect: 'gotrue',
    code: 'auth',
    sending: (sim, id) => {
      sim.supabase.auth.signUp(`${id}@example.com`);
      return {
        path: '/auth/v1/token?grant_type=password',
        headers: { apikey: `key-${id}`, ...JSON_TYPE },
        body: JSON.stringify({ email: `${id}@example.com`, password: 'secret' }),
      };
    },
  },
  {
    ...supabase,
    name: 'storage-download',
    label: 'supabase storage download',
    method: 'GET',
    repeatable: true,
    dialect: 'storage',
    code: 'storage',
    breaks: 'resumes',
    ownAnswer: (_sim, id) => mediumOf(id),
    sending: (sim, id) => {
      sim.supabase.storage.put(`media/${id}.bin`, mediumOf(id));
      return { path: `/storage/v1/object/media/${id}.bin`, headers: apikey(id) };
    },
  },
];

/** The routes of the three presets that the matrix goes through. */
export const ROUTES = { whatsapp: WHATSAPP, gemini: GEMINI, supabase: SUPABASE } as const satisfies Record<UpstreamName, readonly Route[]>;
