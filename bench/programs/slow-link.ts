import { connect, createServer, type Socket } from 'node:net';
import { listening } from './listening.ts';

/**
 * A link to a far origin: what passes is held for half the round trip each way, and the first bytes of a new connection wait one round trip more,
 * which is what its TCP handshake would take. Usage: node slow-link.ts PORT RTT_MS
 */
const port = Number(process.argv[2]);
const rttMs = Number(process.argv[3] ?? 25);

await listening(
  createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    const upstream = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
    delay(client, upstream, rttMs);
    delay(upstream, client, 0);
  }),
);

/** Passes bytes on, in order, after half a round trip, and none before `handshakeMs` and that have gone by. */
function delay(from: Socket, to: Socket, handshakeMs: number): void {
  const earliest = performance.now() + handshakeMs + rttMs / 2;
  const waiting: { readonly at: number; readonly pass: () => void }[] = [];
  const wake = (): void => {
    while (waiting[0] !== undefined && waiting[0].at - performance.now() < 0.5) waiting.shift()?.pass();
    if (waiting[0] !== undefined) setTimeout(wake, waiting[0].at - performance.now());
  };
  const later = (pass: () => void): void => {
    waiting.push({ at: Math.max(earliest, performance.now() + rttMs / 2), pass });
    if (waiting.length === 1) setTimeout(wake, (waiting[0]?.at ?? 0) - performance.now());
  };
  from.on('data', (chunk) => later(() => to.write(chunk)));
  from.on('end', () => later(() => to.end()));
  from.on('error', () => to.destroy());
  from.on('close', () => later(() => to.destroySoon()));
}
