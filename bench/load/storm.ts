import { askOnce, open, requestBytes } from './connection.ts';
import type { LoadResult, LoadSpec, Target } from './spec.ts';
import { Tally } from './tally.ts';

/** Requests that must be served when the storm is over. */
const AFTERWARDS = 64;
/** An answer that takes longer than this is none. */
const PATIENCE_MS = 5000;

/**
 * Clients that leave at every stage: before the request is whole, while it waits, after the head of a large answer, in its midst. `done` counts the
 * requests served afterwards, of 64; errors those that were not.
 */
export async function storm(spec: LoadSpec & { kind: 'storm' }): Promise<LoadResult> {
  for (let wave = 0; wave < spec.waves; wave++) {
    await Promise.all(Array.from({ length: spec.clients }, (_, client) => leave(spec, wave * spec.clients + client).catch(() => undefined)));
  }
  const tally = new Tally();
  const bytes = requestBytes(spec.target, true);
  await Promise.all(
    Array.from({ length: AFTERWARDS }, async () => {
      const startedAt = performance.now();
      const late = new Promise<number>((resolve) => setTimeout(() => resolve(0), PATIENCE_MS));
      tally.addStatus(await Promise.race([askOnce(spec.target, bytes), late]), performance.now() - startedAt);
    }),
  );
  return tally.result();
}

async function leave(spec: LoadSpec & { kind: 'storm' }, turn: number): Promise<void> {
  const large: Target = { ...spec.target, path: spec.large };
  const stage = turn % 5;
  const socket = await open(large);
  const bytes = requestBytes(large);
  if (stage === 0) socket.write(bytes.subarray(0, bytes.length >> 1));
  else socket.write(bytes);
  if (stage === 3) await once(socket, 1);
  if (stage === 4) await once(socket, 256 * 1024);
  if (stage !== 1) await new Promise((resolve) => setTimeout(resolve, turn % 7));
  if (turn % 2 === 0) socket.destroy();
  else socket.resetAndDestroy();
}

/** Waits until so many bytes have come, or a second has gone by: a stuck proxy must not stop the storm. */
function once(socket: Awaited<ReturnType<typeof open>>, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    let got = 0;
    setTimeout(resolve, 1000).unref();
    socket.on('close', () => resolve());
    socket.on('data', (chunk: Buffer) => {
      got += chunk.length;
      if (got >= bytes) resolve();
    });
  });
}
