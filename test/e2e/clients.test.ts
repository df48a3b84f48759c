import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ClientProgram, installClients, runClient } from './run-client.ts';
import { type Stage, startStage, type Way } from './stage.ts';
import { disturb, SENDS } from './troubles.ts';

const CLIENTS: readonly (readonly [string, ClientProgram])[] = [
  ['curl', 'curl.sh'],
  ['httpx, a new AsyncClient for each call', 'httpx_backend.py'],
  ['requests', 'requests_backend.py'],
  ['supabase-py', 'supabase_py.py'],
  ['google-genai for Python', 'google_genai_py.py'],
  ['@supabase/supabase-js', 'supabase-js.ts'],
  ['@google/genai', 'google-genai-js.ts'],
];

/** A client that sends messages, for what must happen exactly once. */
const SENDERS = CLIENTS.slice(0, 3);

describe('unmodified clients', () => {
  let stage: Stage | undefined;
  const staged = (): Stage => {
    if (stage === undefined) throw new Error('the stage was not set up');
    return stage;
  };
  const run = (program: ClientProgram, way: Way) => runClient(program, staged().environment(way));

  beforeAll(async () => {
    await installClients();
    stage = await startStage();
  }, 300_000);
  beforeEach(() => staged().clear());
  afterAll(() => stage?.[Symbol.asyncDispose]());

  describe.each(CLIENTS)('%s', (_name, program) => {
    it('sees through Breakwater what it sees directly, by HTTPS_PROXY and by base URL', async () => {
      const direct = await run(program, 'direct');
      expect(Object.keys(direct).length).toBeGreaterThan(4);
      staged().clear();
      expect(await run(program, 'proxy')).toEqual(direct);
      staged().clear();
      const { picture: _absolute, ...byBaseUrl } = await run(program, 'base-url');
      expect(direct).toMatchObject(byBaseUrl);
    }, 60_000);

    it('sees no fault that can be mended: a burst of 503, a reset, headers that never come, a connection cut while it opens', async () => {
      const healthy = await run(program, 'proxy');
      staged().clear();
      const faults = disturb(staged().sim);
      expect(await run(program, 'proxy')).toEqual(healthy);
      expect(faults.hits()).toBeGreaterThanOrEqual(4);
      expect(staged().sim.whatsapp.duplicatesSent()).toBe(0);
      const notes = staged()
        .sim.supabase.inserted('notes')
        .map(({ id }) => id);
      expect(new Set(notes).size).toBe(notes.length);
    }, 60_000);
  });

  it('supabase-py: a chain of reads sees what it sees directly, with rows that were asked for ahead', async () => {
    const direct = await run('supabase_chain.py', 'direct');
    staged().clear();
    expect(await run('supabase_chain.py', 'proxy')).toEqual(direct);
    const metrics = await (await fetch(`${staged().sidecar.adminUrl}/metrics`)).text();
    const given = [
      ...metrics.matchAll(/^breakwater_policy_actions_total\{upstream="supabase",.*policy="prefetch",action="(?:used|joined)"\} (\d+)$/gm),
    ];
    expect(given.reduce((sum, [, count]) => sum + Number(count), 0)).toBeGreaterThan(5);
    const { chains } = (await (await fetch(`${staged().sidecar.adminUrl}/api/prefetch`)).json()) as { chains: { ask: string }[] };
    expect(chains.map(({ ask }) => ask).join()).toMatch(/\/rest\/v1\/contacts\?select=id%2Cname%2Cwa_id&id=eq\.\{(?:contact_)?id\}/);
  }, 60_000);

  it.each(SENDERS)(
    '%s: a message whose outcome is unknown is sent once, and the client is told by a Graph error',
    async (_name, program) => {
      staged().sim.whatsapp.fault({ kind: 'reset-before-headers' }, { on: SENDS, times: 1 });
      await expect(run(program, 'proxy')).rejects.toThrow(/50[24]/);
      expect(staged().sim.whatsapp.messagesSent).toHaveLength(1);
    },
    60_000,
  );
});
