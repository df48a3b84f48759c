import type { Simulators } from '../../../simulators/start.ts';
import { JSON_TYPE, mediumOf, type Route } from './route.ts';

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

/** What a backend does with a Supabase project. */
export const SUPABASE: readonly Route[] = [
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
