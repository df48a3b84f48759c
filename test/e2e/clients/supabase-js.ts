import { createClient } from '@supabase/supabase-js';
import { settings, tell } from './settings.ts';

// @supabase/supabase-js: tables, embeds, functions, auth, storage, edge functions.
const client = createClient(settings.supabaseUrl, settings.supabaseKey, { auth: { persistSession: false, autoRefreshToken: false } });
const seen: Record<string, unknown> = {};
seen['embedded'] = await client.from('conversations').select('id,accounts(name)').eq('account_id', 1).order('id', { ascending: false }).limit(2);
seen['counted'] = await client.from('contacts').select('*', { count: 'exact' }).in('id', [1, 2, 3]).range(0, 1);
seen['head'] = await client.from('contacts').select('*', { count: 'exact', head: true });
seen['or'] = await client.from('contacts').select('id').or('id.eq.1,name.like.*3');
seen['single'] = await client.from('accounts').select('*').eq('id', 1).single();
seen['none'] = await client.from('accounts').select('*').eq('id', 99).single();
seen['inserted'] = await client.from('notes').insert({ text: 'a', stars: 1 }).select();
seen['many'] = await client.from('notes').insert([{ text: 'b' }, { text: 'c' }]);
seen['upserted'] = await client.from('notes').upsert({ id: 1, text: 'd' }, { onConflict: 'id' }).select();
seen['updated'] = await client.from('notes').update({ stars: 5 }).eq('text', 'b').select();
seen['deleted'] = await client.from('notes').delete().eq('text', 'c');
seen['left'] = await client.from('notes').select('id,text').order('id');
seen['rpc'] = await client.rpc('add', { a: 1, b: 2 });
seen['user'] = (await client.auth.getUser(settings.userToken)).data.user?.email;
const bucket = client.storage.from('media');
seen['uploaded'] = (await bucket.upload('a.txt', 'hello', { contentType: 'text/plain' })).data?.path;
seen['downloaded'] = await (await bucket.download('a.txt')).data?.text();
seen['listed'] = (await bucket.list()).data?.map(({ name }) => name);
seen['function'] = (await client.functions.invoke('echo', { body: { x: 1 } })).data as unknown;
tell(seen);
