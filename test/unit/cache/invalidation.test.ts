import { describe, expect, it } from 'vitest';
import { embedsIn } from '../../../src/cache/invalidate/embeds.ts';
import type { UpstreamConfig } from '../../../src/config/schema.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { answered, exchangeOf, failed } from '../policy/fixtures.ts';
import { Bench, ok } from './fixtures.ts';

const MINUTE = ['cache-control', 'max-age=60'];
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a write that was given up and goes on', () => {
  it.each(['arrived', 'lost'] as const)('drops what was read meanwhile, before anybody hears that its answer has %s', async (how) => {
    const bench = new Bench({}, (exchange) => {
      if (exchange.method === 'GET') return ok('row', ...MINUTE);
      exchange.late?.awaited();
      return failed();
    });
    const heard: string[] = [];
    const write = exchangeOf({ method: 'POST', path: '/a' });
    const note = (): void => void bench.cache.admin.inspect('https://api.example/a').then((found) => heard.push(`${found.length} stored`));
    write.late = { waitMs: 1000, awaited: () => undefined, arrived: note, lost: note };
    await bench.send(write);
    await bench.get({ path: '/a' });
    expect((await bench.get({ path: '/a' })).source).toBe('cache');
    if (how === 'arrived') write.late.arrived(answered(200));
    else write.late.lost();
    await tick();
    expect(heard).toEqual(['0 stored']);
    expect((await bench.get({ path: '/a' })).source).toBe('upstream');
  });
});

describe('a write to a URL', () => {
  const after = async (write: Parameters<Bench['get']>[0], outcome: Outcome, path = '/a'): Promise<boolean> => {
    const bench = new Bench({}, (exchange) => (exchange.method === 'GET' ? ok('row', ...MINUTE) : outcome));
    await bench.get({ path });
    await bench.get(write);
    return (await bench.get({ path })).source === 'upstream';
  };
  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH'])('drops it after %s', async (method) =>
    expect(await after({ method, path: '/a' }, answered(201))).toBe(true),
  );
  it.each(['OPTIONS', 'TRACE', 'PROPFIND'])('is none with %s', async (method) =>
    expect(await after({ method, path: '/a' }, answered(200))).toBe(false),
  );
  it.each([
    [200, true],
    [303, true],
    [404, false],
    [409, false],
  ])('that is answered %i drops it: %s', async (status, drops) => expect(await after({ method: 'POST', path: '/a' }, answered(status))).toBe(drops));
  it('drops nothing when the upstream says that it failed', async () =>
    expect(await after({ method: 'POST', path: '/a' }, failed({ kind: 'status', reply: answered(500) }))).toBe(false));
  it('drops it when nobody knows whether it was done', async () => expect(await after({ method: 'POST', path: '/a' }, failed())).toBe(true));
  it('drops it when its client left', async () =>
    expect(await after({ method: 'POST', path: '/a' }, failed({ kind: 'aborted', replay: 'answered' }))).toBe(true));
  it('drops nothing when it was never sent', async () =>
    expect(await after({ method: 'POST', path: '/a' }, failed({ replay: 'unsent' }))).toBe(false));
  it('drops what Location and Content-Location name on the same origin', async () => {
    expect(await after({ method: 'POST', path: '/b' }, answered(201, '', ['location', '/a']))).toBe(true);
    expect(await after({ method: 'POST', path: '/x/b' }, answered(201, '', ['content-location', '../a']))).toBe(true);
    expect(await after({ method: 'POST', path: '/b' }, answered(201, '', ['location', 'https://api.example/a']))).toBe(true);
    expect(await after({ method: 'POST', path: '/b' }, answered(201, '', ['location', 'https://other.example/a']))).toBe(false);
    expect(await after({ method: 'POST', path: '/b' }, answered(201, '', ['location', 'http://:bad']))).toBe(false);
  });
  it('drops it for all users', async () => {
    const bench = new Bench({ ttl: 60_000 }, () => ok('row'));
    await bench.get({ headers: ['authorization', 'a'] });
    await bench.get({ method: 'PUT', headers: ['authorization', 'b'] });
    expect((await bench.get({ headers: ['authorization', 'a'] })).source).toBe('upstream');
  });
  it('keeps a confirmation under way from bringing back what another route stored under the dropped tag', async () => {
    const confirmation = Promise.withResolvers<Outcome>();
    const routes: UpstreamConfig['routes'] = [{ match: { path: ['/a'] }, cache: { tags: ['bots'] } }];
    const answer = (number: number): Outcome | Promise<Outcome> =>
      number === 2 ? confirmation.promise : ok(`row ${number}`, 'cache-control', 'max-age=2', 'etag', '"a"');
    const bench = new Bench({}, (_exchange, number) => answer(number), { routes });
    await bench.get({ path: '/a' }, 0);
    bench.clock.advance(3000);
    const asking = bench.get({ path: '/a' });
    await tick();
    expect(await bench.cache.admin.purge({ tag: 'bots' })).toBe(1);
    confirmation.resolve(answered(304, '', ['etag', '"a"', ...MINUTE]));
    await asking;
    expect((await bench.get({ path: '/a' })).body).toBe('row 3');
  });
});

describe('a read under way when a write passes', () => {
  it('is answered and not stored, and nobody who comes later waits for it', async () => {
    const reads: PromiseWithResolvers<Outcome>[] = [];
    const bench = new Bench({}, (exchange) => {
      if (exchange.method !== 'GET') return answered(204);
      const read = Promise.withResolvers<Outcome>();
      reads.push(read);
      return read.promise;
    });
    const before = bench.get();
    await tick();
    await bench.get({ method: 'PATCH' });
    const later = bench.get();
    await tick();
    expect(reads).toHaveLength(2);
    reads[0]?.resolve(ok('old', ...MINUTE));
    expect((await before).body).toBe('old');
    reads[1]?.resolve(ok('new', ...MINUTE));
    expect((await later).body).toBe('new');
    expect((await bench.get()).body).toBe('new');
  });
});

const TABLES: Partial<UpstreamConfig> = {
  tables: { path: '/rest/v1/{table}', embeds: 'select', also: { bots: ['bot_overview'] } },
  routes: [
    { name: 'rpc-told', match: { path: ['/rest/v1/rpc/touch'] }, invalidate: { tags: ['bots'] } },
    { name: 'rpc-reads', match: { path: ['/rest/v1/rpc/search'] }, invalidate: { none: true } },
    { name: 'all', match: { path: ['/admin'] }, invalidate: { all: true } },
    { name: 'edge', match: { path: ['/functions/v1/touch'] }, invalidate: { tags: ['bots', 'user_permissions'] } },
  ],
};
const [TOLD, READS, ALL, EDGE, OWN] = [0, 1, 2, 3, 4];

/** Whether a write drops a read. */
async function drops(
  read: { path: string; headers?: string[] },
  write: { method?: string; path: string; headers?: string[] },
  options: { route?: number; outcome?: Outcome; known?: string[]; upstream?: Partial<UpstreamConfig> } = {},
) {
  const { route = OWN, outcome = answered(201), known = [], upstream = TABLES } = options;
  const bench = new Bench({ ttl: 60_000 }, (exchange) => (exchange.method === 'GET' ? ok('row') : outcome), upstream);
  for (const table of known) await bench.get({ path: `/rest/v1/${table}` });
  await bench.get(read);
  await bench.get({ method: 'POST', ...write }, upstream === TABLES ? route : undefined);
  return (await bench.get(read)).source === 'upstream';
}

describe('a write to a PostgREST table', () => {
  const read = (path: string, ...headers: string[]) => ({ path: `/rest/v1/${path}`, headers });
  it('drops every read of it, whoever it is for and whatever it selects', async () => {
    expect(await drops(read('bots?id=eq.1', 'authorization', 'a'), { path: '/rest/v1/bots', headers: ['authorization', 'b'] })).toBe(true);
    expect(await drops(read('bots?id=eq.1'), { method: 'DELETE', path: '/rest/v1/bots?id=eq.2' })).toBe(true);
  });
  it('leaves other tables alone', async () => {
    expect(await drops(read('messages'), { path: '/rest/v1/bots' })).toBe(false);
    expect(await drops(read('bots_old'), { path: '/rest/v1/bots' })).toBe(false);
  });
  it('drops reads that embed it', async () => {
    const known = ['bots', 'contacts'];
    expect(await drops(read('messages?select=*,bots(*)'), { path: '/rest/v1/bots' }, { known })).toBe(true);
    expect(await drops(read('messages?select=id%2Cb%3Abots%21fk%28id%29'), { path: '/rest/v1/bots' }, { known })).toBe(true);
    expect(await drops(read('messages?select=*,contacts(name,bots(id))'), { path: '/rest/v1/bots' }, { known })).toBe(true);
    expect(await drops(read('messages?select=*,contacts!contact_id(name)'), { path: '/rest/v1/bots' }, { known })).toBe(false);
  });
  it('drops reads with an embed that any table may join, and leaves those alone whose hint says by what they are joined', async () => {
    const known = ['permissions', 'bots', 'teams'];
    const [joining, other] = [{ path: '/rest/v1/user_permissions', method: 'DELETE' }, { path: '/rest/v1/bots' }];
    expect(await drops(read('users?select=*,teams(*)'), { path: '/rest/v1/memberships' }, { known })).toBe(true);
    expect(await drops(read('accounts?select=*,permissions!inner(*)'), joining, { known })).toBe(true);
    expect(await drops(read('accounts?select=*,permissions!fk(*),bots(*)'), { path: '/rest/v1/messages' }, { known })).toBe(true);
    expect(await drops(read('accounts?select=*,permissions!user_permissions(*)'), joining, { known })).toBe(true);
    expect(await drops(read('accounts?select=*,permissions!user_permissions!left(*)'), other, { known })).toBe(false);
    // a function that stands for a relationship has a name of its own, and takes any hint
    expect(await drops(read('accounts?select=*,computed!fk(*)'), other, { known })).toBe(true);
  });
  it('leaves reads with an embed alone where the configuration says which tables join others, and it is none', async () => {
    const upstream = { tables: { ...TABLES.tables, junctions: ['user_permissions'] } } as Partial<UpstreamConfig>;
    const known = ['permissions'];
    const embedding = read('accounts?select=*,permissions(*)');
    expect(await drops(embedding, { path: '/rest/v1/user_permissions' }, { known, upstream })).toBe(true);
    expect(await drops(embedding, { path: '/rest/v1/permissions' }, { known, upstream })).toBe(true);
    expect(await drops(embedding, { path: '/rest/v1/messages' }, { known, upstream })).toBe(false);
    expect(await drops(read('accounts?select=*,user_permissions(*)'), { path: '/rest/v1/messages' }, { upstream })).toBe(false);
    expect(await drops(read('accounts?select=*,permissions!fk(*)'), { path: '/rest/v1/user_permissions' }, { known, upstream })).toBe(false);
    expect(await drops(read('accounts?select=*,unknown(*)'), { path: '/rest/v1/messages' }, { known, upstream })).toBe(true);
  });
  it('says once that only the database knows what joins an embed, until the configuration says it', async () => {
    const bench = new Bench({ ttl: 1000 }, () => ok('[]'), TABLES);
    await bench.get({ path: '/rest/v1/accounts?select=*,permissions!fk(*)' });
    expect(bench.looks.warnings).toEqual([]);
    await bench.get({ path: '/rest/v1/users?select=*,teams(*)' });
    await bench.get({ path: '/rest/v1/users?select=id,permissions(*)' });
    expect(bench.looks.warnings).toEqual([
      'cache: reads that embed another table without a !hint, such as teams, are dropped by a write to any table, since it may be what joins them: name those that do under tables.junctions, or [] for none',
    ]);
    const tables = { path: '/rest/v1/{table}', embeds: 'select', junctions: ['memberships'] };
    bench.cache.settle({ api: { cache: { ttl: 1000 }, tables } });
    expect(bench.looks.warnings.slice(1)).toEqual(['cache: ']);
  });
  it('drops reads with an embed that may be anything', async () => {
    expect(await drops(read('messages?select=*,sender:sender_id(*)'), { path: '/rest/v1/profiles' })).toBe(true);
    expect(await drops(read('messages?select=*,profiles!sender_id(*)'), { path: '/rest/v1/other' }, { known: ['profiles'] })).toBe(false);
  });
  it('drops the views that the configuration names', async () => {
    expect(await drops(read('bot_overview'), { path: '/rest/v1/bots' })).toBe(true);
    expect(await drops(read('bots'), { path: '/rest/v1/bot_overview' })).toBe(false);
  });
  it('stays within its schema and its project', async () => {
    const [a, b] = [
      ['content-profile', 'a'],
      ['content-profile', 'b'],
    ];
    expect(await drops(read('bots', 'accept-profile', 'a'), { path: '/rest/v1/bots', headers: a })).toBe(true);
    expect(await drops(read('bots?x=1', 'accept-profile', 'a'), { path: '/rest/v1/bots', headers: b })).toBe(false);
    expect(await drops(read('bots'), { path: '/rest/v1/bots?id=eq.2', headers: b })).toBe(true);
    expect(await drops(read('bots?x=1', 'accept-profile', 'a'), { path: '/rest/v1/bots' })).toBe(true);
    expect(await drops({ ...read('bots', 'accept-profile', 'a') }, { path: '/rest/v1/bots', headers: a, authority: 'other.example' } as never)).toBe(
      false,
    );
  });
  it('drops nothing when it was rolled back, refused or never sent', async () => {
    const write = { path: '/rest/v1/bots?x=1', headers: ['prefer', 'return=minimal, tx=rollback'] };
    const applied = answered(201, '', ['preference-applied', 'return=minimal, tx=rollback']);
    expect(await drops(read('bots'), write, { outcome: applied })).toBe(false);
    // a server that does not allow it commits
    expect(await drops(read('bots'), write, { outcome: answered(201, '', ['preference-applied', 'return=minimal']) })).toBe(true);
    expect(await drops(read('bots'), write, { outcome: failed() })).toBe(true);
    expect(await drops(read('bots?x=1'), { path: '/rest/v1/bots' }, { outcome: answered(409) })).toBe(false);
    expect(await drops(read('bots?x=1'), { path: '/rest/v1/bots' }, { outcome: failed({ replay: 'unsent' }) })).toBe(false);
  });
  it('drops when nobody knows what became of it, also after a 5xx of the gateway', async () => {
    expect(await drops(read('bots?x=1'), { path: '/rest/v1/bots' }, { outcome: failed() })).toBe(true);
    expect(await drops(read('bots?x=1'), { path: '/rest/v1/bots' }, { outcome: failed({ kind: 'status', reply: answered(504) }) })).toBe(true);
  });
});

describe('a function call', () => {
  const call = { path: '/rest/v1/rpc/f' };
  it('drops every read of the project where nothing says what it does', async () => {
    expect(await drops({ path: '/rest/v1/bots' }, call)).toBe(true);
    expect(await drops({ path: '/rest/v1/rpc/get?x=1' }, call)).toBe(true);
    expect(await drops({ path: '/auth/v1/user' }, call)).toBe(false);
  });
  it('that reads may read any table: its answer is dropped by a write to each', async () => {
    const read = { path: '/rest/v1/rpc/my_bots?x=1' };
    expect(await drops(read, { path: '/rest/v1/bots' })).toBe(true);
    expect(await drops(read, { path: '/rest/v1/rpc/touch' }, { route: TOLD })).toBe(true);
    expect(await drops(read, { path: '/rest/v1/rpc/search' }, { route: READS })).toBe(false);
    expect(await drops(read, { path: '/auth/v1/user' })).toBe(false);
  });
  it('drops what its route names, and nothing where that says none', async () => {
    expect(await drops({ path: '/rest/v1/bots' }, { path: '/rest/v1/rpc/touch' }, { route: TOLD })).toBe(true);
    expect(await drops({ path: '/rest/v1/bot_overview' }, { path: '/rest/v1/rpc/touch' }, { route: TOLD })).toBe(true);
    expect(await drops({ path: '/rest/v1/messages' }, { path: '/rest/v1/rpc/touch' }, { route: TOLD })).toBe(false);
    expect(await drops({ path: '/rest/v1/bots' }, { path: '/rest/v1/rpc/search' }, { route: READS })).toBe(false);
  });
  it('elsewhere drops the table that its route names, and what may depend on it', async () => {
    const edge = { path: '/functions/v1/touch' };
    const known = ['messages', 'bots', 'permissions'];
    const drop = (path: string) => drops({ path: `/rest/v1/${path}` }, edge, { route: EDGE, known });
    expect(await drop('bots?x=1')).toBe(true);
    expect(await drop('bot_overview')).toBe(true);
    expect(await drop('rpc/my_bots?x=1')).toBe(true);
    expect(await drop('messages?select=*,sender:sender_id(*)')).toBe(true);
    expect(await drop('accounts?select=*,permissions(*)')).toBe(true);
    expect(await drop('messages?x=1')).toBe(false);
    expect(await drops({ path: '/rest/v1/rpc/my_bots?x=1' }, { path: '/functions/v1/other' })).toBe(false);
  });
  it('drops the whole upstream where its route says all', async () =>
    expect(await drops({ path: '/auth/v1/user' }, { path: '/admin' }, { route: ALL })).toBe(true));
});

describe('surrogate keys', () => {
  it('are filled from the path, and dropped by the routes that name them', async () => {
    const routes = [
      { name: 'read', match: { path: ['/bots/{id}/profile'] }, cache: { enabled: true, ttl: 60_000, tags: ['bot:{id}', 'profiles'] } },
      { name: 'write', match: { path: ['/hooks/{id}'] }, invalidate: { tags: ['bot:{id}'] } },
    ];
    const bench = new Bench({ enabled: false }, (exchange) => ok(exchange.path), { routes });
    const get = async (id: number): Promise<string> => (await bench.get({ path: `/bots/${id}/profile` }, 0)).source;
    await get(1);
    await get(2);
    await bench.get({ method: 'POST', path: '/hooks/1' }, 1);
    expect([await get(1), await get(2)]).toEqual(['upstream', 'cache']);
    expect((await bench.cache.admin.list(5)).map(({ tags }) => tags.join()).toSorted()).toEqual(['bot:1,profiles', 'bot:2,profiles']);
  });

  it('are the same however the path is percent-encoded', async () => {
    const routes = [
      { name: 'read', match: { path: ['/bots/{id}/profile'] }, cache: { enabled: true, ttl: 60_000, tags: ['bot:{id}'] } },
      { name: 'write', match: { path: ['/hooks/{id}:touch'] }, invalidate: { tags: ['bot:{id}'] } },
    ];
    const bench = new Bench({ enabled: false }, (exchange) => ok(exchange.path), { routes });
    await bench.get({ path: '/bots/a/profile' }, 0);
    await bench.get({ method: 'POST', path: '/hooks/%61%3Atouch' }, 1);
    expect((await bench.get({ path: '/bots/a/profile' }, 0)).source).toBe('upstream');
  });

  it('keep a user lookup for seconds by token, until a logout', async () => {
    const routes = [
      { name: 'user', match: { path: ['/auth/v1/user'] }, cache: { enabled: true, ttl: 10_000, tags: ['auth-user'], statuses: [200] } },
      { name: 'logout', match: { method: ['POST'], path: ['/auth/v1/logout'] }, invalidate: { tags: ['auth-user'] } },
    ];
    const bench = new Bench({ enabled: false }, (exchange, number) => (exchange.method === 'GET' ? ok(String(number)) : answered(204)), {
      routes,
    });
    const me = async (token: string): Promise<string> => (await bench.get({ path: '/auth/v1/user', headers: ['authorization', token] }, 0)).body;
    expect([await me('a'), await me('b'), await me('a')]).toEqual(['1', '2', '1']);
    await bench.get({ method: 'POST', path: '/auth/v1/logout', headers: ['authorization', 'a'] }, 1);
    expect(await me('a')).toBe('4');
  });
});

describe('what a select embeds', () => {
  it.each<[string, string[]]>([
    ['*', []],
    ['*,bots(*)', ['bots']],
    ['id,b:bots!fk(id,name)', ['bots!fk']],
    ['...bots!inner(name)', ['bots']],
    ['bots!fk!inner(name),...bots!left!fk()', ['bots!fk', 'bots!fk']],
    ['a(b(c(*)),d(*))', ['a', 'b', 'c', 'd']],
    ['"Odd Name"(*)', ['Odd Name']],
    ['x:"odd!name:a"!"odd fk"(*)', ['odd!name:a!odd fk']],
    ['"half!open(*),y:"a"b!c"(*)', ['"half!open', 'y:"a"b!c"']],
    ['amount.sum(),count(),total:amount.avg()', []],
    ['bots()', ['bots']],
    ['...bots()', ['bots']],
    ['name::text,data->>x', []],
    ['bots(count)', ['bots']],
  ])('%s: %j', (select, found) =>
    expect(
      embedsIn(select)
        .map(({ name, hints }) => [name, ...hints].join('!'))
        .sort(),
    ).toEqual(found),
  );
});
