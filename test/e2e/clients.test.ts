import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { restError } from '../simulators/supabase/errors.ts';
import { graphError } from '../simulators/whatsapp/errors.ts';
import { type ClientProgram, runClient } from './run-client.ts';
import { type Stage, startStage, type Way } from './stage.ts';

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
const SENDS = { method: 'POST', path: '/*/*/messages', when: ({ body }: { body: Buffer }) => body.includes('"to"') };

describe('unmodified clients', () => {
  let stage: Stage;
  const run = (program: ClientProgram, way: Way) => runClient(program, stage.environment(way));

  beforeAll(async () => {
    stage = await startStage();
  }, 30_000);
  beforeEach(() => stage.clear());
  afterAll(() => stage[Symbol.asyncDispose]());

  describe.each(CLIENTS)('%s', (_name, program) => {
    it('sees through Breakwater what it sees directly, by HTTPS_PROXY and by base URL', async () => {
      const direct = await run(program, 'direct');
      expect(Object.keys(direct).length).toBeGreaterThan(4);
      stage.clear();
      expect(await run(program, 'proxy')).toEqual(direct);
      stage.clear();
      const { picture: _absolute, ...byBaseUrl } = await run(program, 'base-url');
      expect(direct).toMatchObject(byBaseUrl);
    }, 60_000);

    it('sees no fault that can be mended: a burst of 503, a reset, headers that never come, a connection cut while it opens', async () => {
      const healthy = await run(program, 'proxy');
      stage.clear();
      for (const [upstream, on] of [
        [stage.sim.supabase, { method: 'GET' }],
        [stage.sim.gemini, {}],
      ] as const) {
        upstream.fault({ kind: 'status', status: 503 }, { on, times: 2 });
        upstream.fault({ kind: 'reset-before-headers' }, { on, after: 3, times: 1 });
        upstream.fault({ kind: 'stall-headers' }, { on, after: 4, times: 1 });
      }
      stage.sim.supabase.fault({ kind: 'answer', answer: restError('PGRST000') }, { on: { method: 'POST', path: '/rest/v1/**' }, times: 1 });
      stage.sim.whatsapp.fault({ kind: 'answer', answer: graphError(130429) }, { on: SENDS, times: 1 });
      stage.sim.whatsapp.cut();
      stage.sim.whatsapp.fault({ kind: 'reset-connection' }, { times: 1 });
      expect(await run(program, 'proxy')).toEqual(healthy);
      expect(stage.sim.whatsapp.duplicatesSent()).toBe(0);
    }, 60_000);
  });

  it.each(SENDERS)(
    '%s: a message whose outcome is unknown is sent once, and the client is told by a Graph error',
    async (_name, program) => {
      stage.sim.whatsapp.fault({ kind: 'reset-before-headers' }, { on: SENDS, times: 1 });
      await expect(run(program, 'proxy')).rejects.toThrow(/50[24]/);
      expect(stage.sim.whatsapp.messagesSent).toHaveLength(1);
    },
    60_000,
  );
});
