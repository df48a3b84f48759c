import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { callAfter } from '../model/timer.ts';
import type { CertificateAuthority } from '../tls/authority.ts';
import { type Resuming, resumingOf } from '../tls/client-hello.ts';
import type { Leaf } from '../tls/leaf.ts';
import { authorityOf, type HostPort } from './authority.ts';
import type { OpenConnection } from './connections.ts';
import type { TunnelDoor } from './door.ts';

/** What an interception needs of the data plane. */
export interface InterceptionParts {
  /** Offered in ALPN, best first. HTTP/2 finds its place here and where `speak` looks at what was chosen. */
  readonly alpn: readonly string[];
  /** For a client to begin and end its handshake, in milliseconds; Infinity: for ever. */
  readonly handshakeMs: number;
  /** The tunnel speaks HTTP on `socket` from now on. */
  speak(socket: Socket, raw: Socket, door: TunnelDoor): void;
  /** No handshake came about. */
  failed(detail: string): void;
}

/** First byte of a TLS record that begins a handshake. */
const TLS_HANDSHAKE = 0x16;
/** Names that a certificate is made for. */
const HOST_NAME = /^[a-z0-9_-][a-z0-9._-]{0,252}$/;

/** The inside of a CONNECT tunnel to a configured host, until it speaks HTTP: looks at the first byte and, where it is TLS, shakes hands in the name of the host. */
export class Interception implements OpenConnection {
  readonly #raw: Socket;
  readonly #to: HostPort;
  readonly #parts: InterceptionParts;
  #timer: NodeJS.Timeout | undefined;
  #secure: TLSSocket | undefined;
  #over = false;

  constructor(raw: Socket, to: HostPort, parts: InterceptionParts) {
    this.#raw = raw;
    this.#to = to;
    this.#parts = parts;
  }

  /** Says 200 and waits for the client to speak. `head`: what it has sent ahead. */
  begin(head: Buffer, authority: CertificateAuthority, leaf: Leaf): void {
    const raw = this.#raw;
    this.#timer = callAfter(this.#parts.handshakeMs, () => this.#fail('the client did not finish its handshake in time'));
    raw.on('error', ignore);
    raw.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    if (head.length > 0) raw.unshift(head);
    const look = (): void => {
      const first = raw.read() as Buffer | null;
      if (first === null) return;
      raw.off('readable', look);
      raw.unshift(first);
      if (first[0] === TLS_HANDSHAKE) this.#shakeHands(authority, leaf, resumingOf(first));
      else this.#speakPlainly();
    };
    raw.on('readable', look);
    raw.once('end', () => {
      if (this.#secure === undefined && !this.#over) raw.destroy();
    });
  }

  close(): void {
    this.destroy();
  }

  destroy(): void {
    this.#raw.destroy();
  }

  gone(): void {
    if (this.#secure === undefined) this.#settle();
    else this.#fail('the client left during the handshake');
  }

  #speakPlainly(): void {
    if (!this.#settle()) return;
    this.#raw.off('error', ignore);
    this.#parts.speak(this.#raw, this.#raw, { kind: 'tunnel', scheme: 'http', authority: authorityOf(this.#to, 80) });
  }

  #shakeHands(authority: CertificateAuthority, leaf: Leaf, resuming: Resuming): void {
    const secure = new TLSSocket(this.#raw, {
      isServer: true,
      secureContext: leaf.contextFor(resuming),
      ALPNProtocols: [...this.#parts.alpn],
      SNICallback: (name, done) => void this.#present(name.toLowerCase(), authority, resuming, done),
    });
    this.#secure = secure;
    const failed = (error: Error): void => this.#fail(handshakeError(error));
    secure.on('error', failed);
    secure.on('_tlsError', failed);
    secure.once('end', () => this.#fail('the client left during the handshake'));
    secure.once('close', () => this.#fail('the client left during the handshake'));
    secure.once('secure', () => {
      if (!this.#settle()) return;
      secure.off('error', failed);
      secure.off('_tlsError', failed);
      this.#parts.speak(secure, this.#raw, { kind: 'tunnel', scheme: 'https', authority: authorityOf(this.#to, 443) });
    });
  }

  /** Answers the client's SNI: the leaf of the tunnel's host, which is in place already, unless it names another. */
  async #present(
    host: string,
    authority: CertificateAuthority,
    resuming: Resuming,
    done: (error: Error | null, context?: SecureContext) => void,
  ): Promise<void> {
    let other: SecureContext | undefined;
    try {
      if (host !== this.#to.host && HOST_NAME.test(host)) other = (await authority.leafFor(host)).contextFor(resuming);
    } catch (error) {
      return done(error as Error);
    }
    done(null, other);
  }

  #fail(detail: string): void {
    if (!this.#settle()) return;
    this.#parts.failed(`${authorityOf(this.#to, 443)}: ${detail}`);
    this.#secure?.destroy();
    this.#raw.destroy();
  }

  #settle(): boolean {
    if (this.#over) return false;
    this.#over = true;
    clearTimeout(this.#timer);
    return true;
  }
}

function handshakeError(error: Error): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (/UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN/.test(code))
    return `the client does not accept our certificate (${code}): does it trust ca.pem?`;
  if (code === 'ERR_SSL_NO_APPLICATION_PROTOCOL') return 'the client speaks none of the protocols that are offered (ALPN)';
  return `the handshake failed: ${code === '' ? error.message.slice(0, 100) : code}`;
}

function ignore(): void {}
