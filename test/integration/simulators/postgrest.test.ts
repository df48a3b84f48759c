import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cloudflarePage, restError } from '../../simulators/supabase/errors.ts';
import { type Simulators, startSimulators } from '../../simulators/start.ts';
import { type Ask, caller } from './client.ts';

describe('the simulated PostgREST', () => {
  let sim: Simulators;
  let call: ReturnType<typeof caller>;
  const rest = (path: string, ask: Ask = {}) =>
    call(`https://simulated.supabase.co/rest/v1/${path}`, { ...ask, headers: { apikey: 'service', ...ask.headers } });
  const ids = async (path: string): Promise<number[]> => (await rest(path)).json().map((row: { id: number }) => row.id);

  beforeAll(async () => {
    sim = await startSimulators();
    call = caller(sim);
    sim.supabase.seed('accounts', [
      { id: 1, name: 'Bakery, old', plan: 'pro', settings: { lang: 'pl' } },
      { id: 2, name: 'Florist', plan: null, settings: { lang: 'en' } },
    ]);
    sim.supabase.seed('conversations', [
      { id: 1, account_id: 1, status: 'open', count: 3, done: false },
      { id: 2, account_id: 2, status: 'closed', count: 10, done: true },
      { id: 3, account_id: 1, status: 'open', count: null, done: null },
    ]);
    sim.supabase.seed('notes', [], { columns: ['id', 'text'], unique: [['text']] });
  });
  beforeEach(() => {
    sim.supabase.heal();
    sim.supabase.database.table('notes').rows = [];
    sim.supabase.forget();
  });
  afterAll(() => sim[Symbol.asyncDispose]());

  it.each([
    ['conversations?id=eq.2', [2]],
    ['conversations?status=neq.open', [2]],
    ['conversations?count=gt.3', [2]],
    ['conversations?count=gte.3', [1, 2]],
    ['conversations?count=lt.10', [1]],
    ['conversations?count=not.gt.3', [1]],
    ['conversations?id=in.(1,3)', [1, 3]],
    ['conversations?count=is.null', [3]],
    ['conversations?count=not.is.null', [1, 2]],
    ['conversations?done=is.true', [2]],
    ['accounts?name=like.F*', [2]],
    ['accounts?name=ilike.*BAK*', [1]],
    ['accounts?name=in.("Bakery, old",x)', [1]],
    ['accounts?settings->>lang=eq.en', [2]],
    ['conversations?or=(id.eq.1,and(status.eq.closed,count.gt.5))', [1, 2]],
    ['conversations?not.or=(id.eq.1,id.eq.2)', [3]],
    ['conversations?status=eq.open&id=gt.1', [3]],
    ['conversations?order=count', [1, 2, 3]],
    ['conversations?order=count.desc', [3, 2, 1]],
    ['conversations?order=status.asc,id.desc&limit=2&offset=1', [3, 1]],
    ['conversations?select=id,accounts!inner(name)&accounts.plan=eq.pro', [1, 3]],
  ])('%s chooses %j', async (path, expected) => {
    expect(await ids(path.replaceAll('"', '%22').replaceAll('>', '%3E'))).toEqual(expected);
  });

  it('selects columns, aliases, casts and embeds, one and many, nested', async () => {
    expect((await rest('conversations?id=eq.2&select=number:id,count::text,accounts(name)')).json()).toEqual([
      { number: 2, count: '10', accounts: { name: 'Florist' } },
    ]);
    expect(
      (await rest('accounts?id=eq.1&select=name,conversations(id,accounts(plan))&conversations.order=id.desc&conversations.limit=1')).json(),
    ).toEqual([{ name: 'Bakery, old', conversations: [{ id: 3, accounts: { plan: 'pro' } }] }]);
    expect((await rest('conversations?id=eq.1&select=id,...accounts(owner:name)')).json()).toEqual([{ id: 1, owner: 'Bakery, old' }]);
    expect((await rest('conversations?id=eq.1&select=account:account_id(name)')).status).toBe(400);
    sim.supabase.relate('conversations', 'account_id', 'accounts');
    expect((await rest('conversations?id=eq.1&select=account:account_id(name)')).json()).toEqual([{ account: { name: 'Bakery, old' } }]);
  });

  it('pages: 200 or 206 with Content-Range, by query and by Range, 416 beyond', async () => {
    expect(await rest('conversations?limit=2')).toMatchObject({ status: 200, headers: { 'content-range': '0-1/*', vary: 'Accept, Prefer, Range' } });
    const counted = { headers: { prefer: 'count=exact', range: '1-1' } };
    expect(await rest('conversations', counted)).toMatchObject({
      status: 206,
      headers: { 'content-range': '1-1/3', 'preference-applied': 'count=exact' },
    });
    expect(await rest('conversations?id=eq.9')).toMatchObject({ status: 200, text: '[]', headers: { 'content-range': '*/*' } });
    expect(await rest('conversations?offset=9', counted)).toMatchObject({ status: 416 });
    expect(await rest('conversations', { method: 'HEAD', ...counted })).toMatchObject({ status: 206, text: '' });
  });

  it('gives one object or 406 PGRST116, with Proxy-Status', async () => {
    const single = { headers: { accept: 'application/vnd.pgrst.object+json' } };
    expect((await rest('accounts?id=eq.1', single)).json()).toMatchObject({ id: 1 });
    const none = await rest('accounts?id=eq.9', single);
    expect(none).toMatchObject({ status: 406, headers: { 'proxy-status': 'PostgREST; error=PGRST116' } });
    expect(none.json()).toEqual({
      code: 'PGRST116',
      message: 'Cannot coerce the result to a single JSON object',
      details: 'The result contains 0 rows',
      hint: null,
    });
  });

  it('inserts, one and many, all or none, and says what it inserted', async () => {
    const plain = await rest('notes', { method: 'POST', body: { text: 'a' } });
    expect(plain).toMatchObject({ status: 201, text: '' });
    const many = await rest('notes', { method: 'POST', body: [{ text: 'b' }, { text: 'c' }], headers: { prefer: 'return=representation' } });
    expect(many.json()).toEqual([
      { id: 2, text: 'b' },
      { id: 3, text: 'c' },
    ]);
    const twice = await rest('notes', { method: 'POST', body: [{ text: 'd' }, { text: 'a' }] });
    expect(twice.status).toBe(409);
    expect(twice.json()).toMatchObject({ code: '23505', details: 'Key (text)=(a) already exists.' });
    expect(sim.supabase.inserted('notes').map((row) => row['text'])).toEqual(['a', 'b', 'c']);
    expect(sim.supabase.rows('notes')).toHaveLength(3);
    expect(await rest('notes', { method: 'POST', body: { text: 'z' }, headers: { prefer: 'return=headers-only' } })).toMatchObject({
      headers: { location: '/notes?id=eq.4' },
    });
  });

  it('upserts, patches, puts and deletes', async () => {
    const merge = { prefer: 'return=representation,resolution=merge-duplicates' };
    await rest('notes', { method: 'POST', body: { id: 1, text: 'a' } });
    expect(await rest('notes?on_conflict=id', { method: 'POST', body: { id: 1, text: 'b' }, headers: merge })).toMatchObject({
      status: 200,
      text: '[{"id":1,"text":"b"}]',
    });
    expect(
      (await rest('notes', { method: 'POST', body: { id: 1, text: 'c' }, headers: { prefer: 'return=representation,resolution=ignore-duplicates' } }))
        .text,
    ).toBe('[]');
    expect((await rest('notes?id=eq.1&text=eq.b', { method: 'PATCH', body: { text: 'd' }, headers: { prefer: 'return=representation' } })).text).toBe(
      '[{"id":1,"text":"d"}]',
    );
    expect((await rest('notes?id=eq.1&text=eq.b', { method: 'PATCH', body: { text: 'd' }, headers: { prefer: 'return=representation' } })).text).toBe(
      '[]',
    );
    expect((await rest('notes?id=eq.5', { method: 'PUT', body: { id: 5, text: 'e' } })).status).toBe(201);
    expect((await rest('notes?id=eq.5', { method: 'DELETE', headers: { prefer: 'tx=rollback' } })).status).toBe(204);
    expect((await rest('notes?id=in.(1,5)', { method: 'DELETE', body: {} })).status).toBe(204);
    expect(sim.supabase.rows('notes')).toEqual([]);
  });

  it.each([
    ['GET', 'nothing', 404, 'PGRST205'],
    ['GET', 'accounts?id=huh.1', 400, 'PGRST100'],
    ['GET', 'accounts?nothing=eq.1', 400, '42703'],
    ['GET', 'accounts?select=nothing', 400, '42703'],
    ['GET', 'accounts?select=id,notes(id)', 400, 'PGRST200'],
    ['POST', 'rpc/nothing', 404, 'PGRST202'],
  ])('%s %s is %i %s', async (method, path, status, code) => {
    const seen = await rest(path, { method });
    expect(seen.status).toBe(status);
    expect(seen.json().code).toBe(code);
  });

  it('calls functions', async () => {
    sim.supabase.define('add', ({ a, b }) => Number(a) + Number(b));
    expect((await rest('rpc/add', { method: 'POST', body: { a: 1, b: 2 } })).text).toBe('3');
    expect((await rest('rpc/add?a=2&b=5')).text).toBe('7');
  });

  it('shows each user his own rows, and knows the tokens', async () => {
    sim.supabase.seed('secrets', [
      { id: 1, owner: 'ann' },
      { id: 2, owner: 'ben' },
    ]);
    sim.supabase.rowSecurity('secrets', 'owner');
    const as = (token: string) => rest('secrets?select=id', { headers: { authorization: `Bearer ${token}` } });
    expect((await as(sim.supabase.token({ sub: 'ann' }))).text).toBe('[{"id":1}]');
    expect((await as(sim.supabase.token({ sub: 'ben' }))).text).toBe('[{"id":2}]');
    expect((await as(sim.supabase.anonKey)).text).toBe('[]');
    expect((await as(sim.supabase.serviceKey)).json()).toHaveLength(2);
    expect((await as(sim.supabase.token({ sub: 'ann', exp: 1 }))).json().code).toBe('PGRST303');
    expect((await as('a.b.c')).json().code).toBe('PGRST301');
    expect((await call('https://simulated.supabase.co/rest/v1/secrets')).json().message).toBe('No API key found in request');
  });

  it('fails as PostgREST, and as the CDN in front of it', async () => {
    sim.supabase.fault({ kind: 'answer', answer: restError('PGRST003') }, { times: 1 });
    expect(await rest('accounts')).toMatchObject({ status: 504, headers: { 'proxy-status': 'PostgREST; error=PGRST003' } });
    sim.supabase.fault({ kind: 'answer', answer: cloudflarePage(522) }, { times: 1 });
    expect(await rest('accounts')).toMatchObject({ status: 522, headers: { server: 'cloudflare', 'content-type': 'text/html; charset=UTF-8' } });
  });
});
