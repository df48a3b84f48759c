import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { closedEarly, type DialWatcher, tcpOptions, tlsOptions } from './dial-parts.ts';
import type { DirectReads } from './direct-reads.ts';
import type { Resolver } from './dns.ts';
import { codeOf, detailOf, NoTunnel, PhaseTimeout, tlsFault } from './failures.ts';
import { hostPort, type ParentProxy } from './parent-proxy.ts';

/** A tunnel that is wanted. */
export interface TunnelParts {
  readonly parent: ParentProxy;
  /** What the proxy is to connect to: it looks the name up. */
  readonly to: { readonly host: string; readonly port: number };
  readonly resolver: Resolver;
  readonly watcher: DialWatcher;
  /** Takes over what is read from the socket; absent: it is a stream as any other. */
  readonly reads?: DirectReads | undefined;
  /** Whether each direction ends by itself. */
  readonly allowHalfOpen?: boolean;
}

/** Gets the socket, and what came in the tunnel already, or the error. Called once. */
export type TunnelCallback = (error: Error | null, socket: Socket | null, early: Buffer) => void;

/** The head of a proxy's answer is read up to this. */
const HEAD_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);
const HEAD_END = '\r\n\r\n';

/**
 * Opens a tunnel by CONNECT (RFC 9110 section 9.3.6). Returns the socket at once: destroying it with an error gives up, and the callback hears that error. Every other one names the proxy, and never what
 * its URL holds besides host and port.
 */
export function openTunnel(parts: TunnelParts, callback: TunnelCallback): Socket {
  return new TunnelDial(parts, callback).socket;
}

/** The error of a tunnel in which something came before anything was asked. */
export function spokeEarly(parent: ParentProxy): Error {
  return new NoTunnel('http_protocol_error', 'protocol', `the proxy ${parent.name} sent bytes after its answer to CONNECT`);
}

/** One CONNECT, from the dial to the end of the answer's head. */
class TunnelDial {
  readonly socket: Socket;
  readonly #parts: TunnelParts;
  readonly #target: string;
  readonly #callback: TunnelCallback;
  #read: Buffer = NOTHING;
  /** True once TCP to a proxy stands that is spoken to over TLS, until TLS does. */
  #shakingHands = false;
  #asked = false;
  #over = false;

  constructor(parts: TunnelParts, callback: TunnelCallback) {
    this.#parts = parts;
    this.#callback = callback;
    this.#target = hostPort(parts.to.host, parts.to.port);
    this.socket = this.#dial();
    this.socket.on('error', this.#failed);
    this.socket.once('close', this.#closed);
  }

  #dial(): Socket {
    const { parent, resolver, watcher, reads, allowHalfOpen = false } = this.#parts;
    const tcp = { ...tcpOptions(parent, resolver, watcher), allowHalfOpen, ...(reads && { onread: reads.onread }) };
    const { host: servername, context } = parent;
    const socket = context === undefined ? connectTcp(tcp) : connectTls({ ...tcp, ...tlsOptions({ servername, context, alpn: ['http/1.1'] }) });
    reads?.attach(socket);
    if (context !== undefined) socket.once('connect', () => (this.#shakingHands = true));
    socket.once(context === undefined ? 'connect' : 'secureConnect', () => this.#ask());
    return socket;
  }

  #ask(): void {
    const { authorization } = this.#parts.parent;
    this.#shakingHands = false;
    this.#asked = true;
    this.socket.on('readable', this.#readable);
    this.socket.once('end', this.#closed);
    const credentials = authorization === undefined ? '' : `Proxy-Authorization: ${authorization}\r\n`;
    this.socket.write(`CONNECT ${this.#target} HTTP/1.1\r\nHost: ${this.#target}\r\n${credentials}\r\n`);
  }

  readonly #readable = (): void => {
    for (let piece: Buffer | null; !this.#over && (piece = this.socket.read() as Buffer | null) !== null;) this.#take(piece);
  };

  #take(piece: Buffer): void {
    this.#read = this.#read.length === 0 ? piece : Buffer.concat([this.#read, piece]);
    const end = this.#read.indexOf(HEAD_END);
    if (end < 0) {
      if (this.#read.length > HEAD_BYTES) this.#end(this.#malformed());
      return;
    }
    const head = this.#read.subarray(0, end).toString('latin1');
    const rest = this.#read.subarray(end + HEAD_END.length);
    const status = Number(/^HTTP\/1\.[01] ([1-9]\d\d)(?: |\r|$)/.exec(head)?.[1]);
    if (Number.isNaN(status)) return this.#end(this.#malformed());
    if (status >= 200) return this.#end(status < 300 ? null : this.#refusal(status), rest);
    // an interim response says nothing of the tunnel
    this.#read = NOTHING;
    if (rest.length > 0) this.#take(rest);
  }

  #refusal(status: number): Error {
    const what = `the proxy ${this.#parts.parent.name} answered ${status} to CONNECT ${this.#target}`;
    if (status === 504) return new NoTunnel('connection_timeout', 'timeout', what);
    return new NoTunnel('connection_refused', 'refused', status === 407 ? `${what}: it does not take the credentials of its URL` : what);
  }

  #malformed(): Error {
    return new NoTunnel('http_protocol_error', 'protocol', `the proxy ${this.#parts.parent.name} did not answer CONNECT with HTTP`);
  }

  readonly #failed = (error: Error): void => {
    this.#end(error instanceof PhaseTimeout || codeOf(error) === '' ? error : this.#told(error));
  };

  readonly #closed = (): void => {
    this.#end(this.#told(closedEarly()));
  };

  /** What went wrong on the way to the proxy, in its name. */
  #told(error: Error): Error {
    const { name } = this.#parts.parent;
    const code = codeOf(error);
    if (this.#shakingHands) {
      const fault = tlsFault(code);
      return new NoTunnel(fault.code, fault.kind, `TLS with the proxy ${name}: ${detailOf(error)}`);
    }
    const left = this.#asked && (code === 'ECONNRESET' || code === 'EPIPE');
    const what = left ? ' closed the connection before it answered CONNECT' : `: ${detailOf(error)}`;
    return Object.assign(new Error(`the proxy ${name}${what}`, { cause: error }), { code });
  }

  #end(error: Error | null, early: Buffer = NOTHING): void {
    if (this.#over) return;
    this.#over = true;
    this.socket.off('readable', this.#readable);
    this.socket.off('end', this.#closed);
    if (error !== null) this.socket.destroy();
    this.#callback(error, error === null ? this.socket : null, early);
  }
}
