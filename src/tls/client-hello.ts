/** Whether a client that begins a handshake wants to go on with an earlier session: `unknown` where its first bytes do not say, or where it speaks no TLS 1.3. */
export type Resuming = 'offered' | 'none' | 'unknown';

/** Bytes of a record's and a handshake message's heads, of the version and of the random: the session id comes next (RFC 8446 section 4.1.2). */
const BEFORE_SESSION_ID = 5 + 4 + 2 + 32;
const SESSION_TICKET = 35;
const PRE_SHARED_KEY = 41;
const SUPPORTED_VERSIONS = 43;
const TLS_1_3 = 0x0304;

/** Reads in a client's first bytes whether it offers a session to resume: a ticket of TLS 1.2 (RFC 5077) or a pre-shared key of TLS 1.3 (RFC 8446 section 4.2.11). Any bytes may be given. */
export function resumingOf(hello: Buffer): Resuming {
  const extensions = extensionsAt(hello);
  if (extensions === undefined) return 'unknown';
  let speaks13 = false;
  for (let at = extensions.from; at < extensions.to;) {
    const from = at + 4;
    const to = from + uint16(hello, at + 2);
    if (to > extensions.to) return 'unknown';
    const type = uint16(hello, at);
    if (type === PRE_SHARED_KEY || (type === SESSION_TICKET && to > from)) return 'offered';
    if (type === SUPPORTED_VERSIONS) speaks13 = names13(hello, from + 1, to);
    at = to;
  }
  return speaks13 ? 'none' : 'unknown';
}

/** Where the extensions are; undefined where not all of them are here. */
function extensionsAt(hello: Buffer): { from: number; to: number } | undefined {
  const ciphers = BEFORE_SESSION_ID + 1 + uint8(hello, BEFORE_SESSION_ID);
  const compressions = ciphers + 2 + uint16(hello, ciphers);
  const length = compressions + 1 + uint8(hello, compressions);
  const to = length + 2 + uint16(hello, length);
  return to > hello.length ? undefined : { from: length + 2, to };
}

function names13(hello: Buffer, from: number, to: number): boolean {
  for (let at = from; at + 1 < to; at += 2) if (uint16(hello, at) === TLS_1_3) return true;
  return false;
}

/** What is not here counts as so much that the end is not here either. */
function uint8(bytes: Buffer, at: number): number {
  return bytes[at] ?? Infinity;
}

function uint16(bytes: Buffer, at: number): number {
  return uint8(bytes, at) * 256 + uint8(bytes, at + 1);
}
