import { Agent } from 'node:https';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '../../simulators/faults.ts';
import { type Simulators, startSimulators } from '../../simulators/start.ts';
import { caller } from './client.ts';

const SEND = 'https://graph.facebook.com/v23.0/106/messages';
const AUTH = { authorization: 'Bearer t' };
const MESSAGE = { messaging_product: 'whatsapp', to: '48600', type: 'text', text: { body: 'hi' } };

describe('the knobs of a simulator', () => {
  let sim: Simulators;
  let call: ReturnType<typeof caller>;
  const send = (timeoutMs = 3000) => call(SEND, { method: 'POST', headers: AUTH, body: MESSAGE, timeoutMs });

  beforeAll(async () => {
    sim = await startSimulators();
    call = caller(sim);
  });
  beforeEach(() => {
    sim.whatsapp.heal();
    sim.whatsapp.forget();
  });
  afterAll(() => sim[Symbol.asyncDispose]());

  it.each<[string, Fault, { status?: number; error: string | undefined }, number]>([
    ['a reset right after accepting', { kind: 'reset-connection' }, { error: 'ECONNRESET' }, 0],
    ['a close in place of the handshake', { kind: 'close-tls' }, { error: 'ECONNRESET' }, 0],
    ['a handshake that is never answered', { kind: 'stall-tls' }, { error: 'timeout' }, 0],
    ['a reset before reading', { kind: 'reset-before-reading' }, { error: 'ECONNRESET' }, 0],
    ['a reset at the head', { kind: 'reset-at-head' }, { error: 'ECONNRESET' }, 0],
    ['a reset before headers', { kind: 'reset-before-headers' }, { error: 'ECONNRESET' }, 1],
    ['a close before headers', { kind: 'close-before-headers' }, { error: 'ECONNRESET' }, 1],
    ['headers that never come', { kind: 'stall-headers' }, { error: 'timeout' }, 1],
    ['a body that stalls', { kind: 'stall-body' }, { status: 200, error: 'timeout' }, 1],
    ['a reset in the body', { kind: 'reset-body' }, { status: 200, error: 'ECONNRESET' }, 1],
    ['a truncated body', { kind: 'truncate-body' }, { status: 200, error: 'ECONNRESET' }, 1],
    ['a bad status line', { kind: 'malformed', how: 'status-line' }, { error: expect.stringMatching(/^HPE_/) as never }, 1],
    ['a bad header', { kind: 'malformed', how: 'header' }, { error: expect.stringMatching(/^HPE_/) as never }, 1],
    ['a bad length', { kind: 'malformed', how: 'content-length' }, { error: expect.stringMatching(/^HPE_/) as never }, 1],
    ['a bad chunk', { kind: 'malformed', how: 'chunk' }, { status: 200, error: expect.stringMatching(/^HPE_|ECONNRESET/) as never }, 1],
    ['a huge header', { kind: 'malformed', how: 'huge-header' }, { error: 'HPE_HEADER_OVERFLOW' }, 1],
    ['a status of 503', { kind: 'status', status: 503 }, { status: 503, error: undefined }, 0],
    ['a slow drip', { kind: 'drip', bytes: 40, everyMs: 2 }, { status: 200, error: undefined }, 1],
  ])('gives %s, and tells whether the message went out', async (_name, fault, expected, sent) => {
    sim.whatsapp.fault(fault);
    expect(await send(150)).toMatchObject(expected);
    expect(sim.whatsapp.messagesSent).toHaveLength(sent);
    sim.whatsapp.heal();
    expect((await send()).status).toBe(200);
  });

  it('sends the rest of a stalled answer late', async () => {
    sim.whatsapp.fault({ kind: 'stall-headers', forMs: 30 }, { times: 1 });
    sim.whatsapp.fault({ kind: 'stall-body', forMs: 30, afterBytes: 5 }, { times: 1 });
    expect((await send()).json().messages).toHaveLength(1);
    expect((await send()).json().messages).toHaveLength(1);
    expect(sim.whatsapp.duplicatesSent()).toBe(1);
  });

  it('strikes by schedule: a queue, a burst, the n-th, by route and body', async () => {
    const burst = sim.whatsapp.fault({ kind: 'status', status: 503 }, { burst: { of: 2, every: 3 }, on: { method: 'POST', path: '/v*/*/messages' } });
    const statuses = [];
    for (let i = 0; i < 6; i++) statuses.push((await send()).status);
    expect(statuses).toEqual([503, 503, 200, 503, 503, 200]);
    expect(burst.hits).toBe(4);
    burst.remove();

    sim.whatsapp.fault({ kind: 'status', status: 500 }, { nth: 2, on: { when: (request) => request.body.includes('read') } });
    const mark = () => call(SEND, { method: 'POST', headers: AUTH, body: { messaging_product: 'whatsapp', status: 'read', message_id: 'wamid.1' } });
    expect([(await mark()).status, (await send()).status, (await mark()).status, (await mark()).status]).toEqual([200, 200, 500, 200]);
  });

  it('closes an idle connection early, after a right answer', async () => {
    using agent = Object.assign(new Agent({ keepAlive: true }), { [Symbol.dispose]: () => agent.destroy() });
    const root = () => call('https://graph.facebook.com/', { agent });
    await root();
    await root();
    expect(sim.whatsapp.connections.accepted).toBe(1);
    sim.whatsapp.fault({ kind: 'close-idle', afterMs: 5 });
    expect((await root()).status).toBe(400);
    await expect.poll(() => sim.whatsapp.connections.open).toBe(0);
  });

  it('refuses connections, cuts the open ones, and comes back on the same port', async () => {
    {
      await using _outage = await sim.whatsapp.refuse();
      expect((await send()).error).toBe('ECONNREFUSED');
    }
    expect((await send()).status).toBe(200);
  });

  it('swallows connections in a blackhole: SYN without an answer', async () => {
    {
      await using _outage = await sim.whatsapp.blackhole();
      const socket = connect(sim.whatsapp.port, '127.0.0.1');
      const first = await Promise.race([
        new Promise((resolve) => socket.once('connect', () => resolve('connected'))),
        new Promise((resolve) => setTimeout(resolve, 200, 'nothing')),
      ]);
      socket.destroy();
      expect(first).toBe('nothing');
    }
    expect((await send()).status).toBe(200);
  });

  it('records what came: head, body, connection, effect, answer', async () => {
    await send();
    expect(sim.whatsapp.requests).toMatchObject([
      {
        number: 1,
        method: 'POST',
        host: 'graph.facebook.com',
        path: '/v23.0/106/messages',
        connection: 1,
        complete: true,
        effect: true,
        answered: true,
        status: 200,
      },
    ]);
    expect(sim.whatsapp.requests[0]?.body.toString()).toBe(JSON.stringify(MESSAGE));
    expect([...sim.whatsapp.sentCounts()]).toEqual([['48600 {"body":"hi"}', 1]]);
  });
});

describe('the network in front', () => {
  it('costs a round trip for TCP, one for TLS 1.3 and one for the request; passes resets on', async () => {
    await using sim = await startSimulators({ rttMs: 40 });
    const call = caller(sim);
    using agent = Object.assign(new Agent({ keepAlive: true }), { [Symbol.dispose]: () => agent.destroy() });
    const timed = async (): Promise<number> => {
      const start = performance.now();
      expect((await call('https://graph.facebook.com/', { agent })).status).toBe(400);
      return performance.now() - start;
    };
    expect(await timed()).toBeGreaterThanOrEqual(118);
    expect(await timed()).toBeGreaterThanOrEqual(39);
    sim.whatsapp.fault({ kind: 'reset-body' }, { times: 1 });
    expect(await call('https://graph.facebook.com/')).toMatchObject({ status: 400, error: 'ECONNRESET' });
    await using _outage = await sim.whatsapp.refuse();
    expect((await call('https://graph.facebook.com/')).error).toBe('ECONNREFUSED');
  });
});
