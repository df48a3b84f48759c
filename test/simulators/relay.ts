import { connect, type Socket } from 'node:net';

/**
 * Carries one accepted connection to a local port as a network with this round-trip time would: every byte is half of it late, either way,
 * and the first byte one round trip more, which is what the TCP handshake costs. (The kernel has accepted at once, so a client sees that cost
 * in its TLS phase.) FIN and RST are passed on, as late as bytes.
 */
export function relay(client: Socket, port: number, rttMs: number): void {
  const server = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  client.setNoDelay(true);
  carry(client, server, rttMs / 2, rttMs);
  carry(server, client, rttMs / 2, 0);
}

/** One direction. `firstExtraMs` holds the first bytes back; what follows never overtakes them. */
function carry(from: Socket, to: Socket, delayMs: number, firstExtraMs: number): void {
  const openAt = performance.now() + firstExtraMs;
  const later = (act: () => void): void => {
    setTimeout(act, Math.max(delayMs, openAt + delayMs - performance.now()));
  };
  let broken = false;
  from.on('data', (bytes: Buffer) => {
    later(() => {
      if (to.destroyed || to.write(bytes)) return;
      from.pause();
      to.once('drain', () => from.resume());
    });
  });
  from.on('end', () => later(() => to.end()));
  from.on('error', () => {
    broken = true;
    later(() => to.resetAndDestroy());
  });
  from.on('close', () => {
    if (!broken) later(() => to.destroySoon());
  });
}
