import { clientFrame } from '../programs/websocket.ts';
import { open } from './connection.ts';
import type { LoadResult, LoadSpec, Target } from './spec.ts';
import { Tally } from './tally.ts';

const MESSAGE = clientFrame('{"event":"heartbeat","ref":"1"}');
/** What comes back is the same text without the mask of four bytes. */
const ECHO_BYTES = MESSAGE.length - 4;

/** Messages to and fro: each connection sends its next one when the last has come back. */
export async function websocket(spec: LoadSpec & { kind: 'websocket' }): Promise<LoadResult> {
  const sockets = await Promise.all(Array.from({ length: spec.connections }, () => upgraded(spec.target)));
  const tally = new Tally();
  await new Promise<void>((resolve) => {
    setTimeout(resolve, spec.seconds * 1000);
    for (const socket of sockets) {
      let sentAt = performance.now();
      let got = 0;
      socket.on('data', (chunk: Buffer) => {
        got += chunk.length;
        if (got < ECHO_BYTES) return;
        got -= ECHO_BYTES;
        const now = performance.now();
        tally.add(now - sentAt);
        sentAt = now;
        socket.write(MESSAGE);
      });
      socket.on('close', () => tally.errors++);
      socket.write(MESSAGE);
    }
  });
  const result = tally.result();
  for (const socket of sockets) socket.removeAllListeners('close').destroy();
  return result;
}

async function upgraded(target: Target): Promise<Awaited<ReturnType<typeof open>>> {
  const socket = await open(target);
  const fields = 'connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==';
  socket.write(`GET ${target.path} HTTP/1.1\r\nhost: localhost:${target.port}\r\n${fields}\r\n\r\n`);
  const answer = await new Promise<string>((resolve, reject) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1')));
    socket.once('close', () => reject(new Error('the upgrade was not answered')));
  });
  if (!answer.startsWith('HTTP/1.1 101')) throw new Error(`the upgrade was answered with ${answer.slice(9, 12)}`);
  return socket;
}

/** How much longer than its events a stream may take. */
const PATIENCE_SECONDS = 5;

/** Reads streams of events to their end; an event that does not come is an error. Latency is from the sending at the origin to the reading here: one clock, since it is one machine. */
export async function events(spec: LoadSpec & { kind: 'events' }): Promise<LoadResult> {
  const tally = new Tally();
  const limitMs = (spec.seconds + PATIENCE_SECONDS) * 1000;
  await Promise.all(Array.from({ length: spec.connections }, () => readEvents(spec.target, tally, limitMs)));
  const result = tally.result();
  return { ...result, errors: Math.max(0, spec.connections * spec.perStream - result.done) };
}

async function readEvents(target: Target, tally: Tally, limitMs: number): Promise<void> {
  const socket = await open(target);
  let rest = '';
  socket.on('data', (chunk: Buffer) => {
    const now = process.hrtime.bigint();
    rest += chunk.toString('latin1');
    for (const [, sentAt = '0'] of rest.matchAll(/data: (\d+)\r?\n\r?\n/g)) tally.add(Number(now - BigInt(sentAt)) / 1e6);
    if (rest.endsWith('\r\n0\r\n\r\n')) socket.destroy();
    rest = rest.slice(rest.lastIndexOf('\n\n') + 1);
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const timer = setTimeout(() => socket.destroy(), limitMs);
  socket.write(`GET ${target.path} HTTP/1.1\r\nhost: localhost:${target.port}\r\naccept: text/event-stream\r\nconnection: close\r\n\r\n`);
  await closed;
  clearTimeout(timer);
}
