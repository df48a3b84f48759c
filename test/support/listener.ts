import { BytesBody } from '../../src/model/body.ts';
import { systemClock } from '../../src/model/clock.ts';
import type { Rejection } from '../../src/model/events.ts';
import type { Exchange } from '../../src/model/exchange.ts';
import { type Outcome, reply } from '../../src/model/outcome.ts';
import type { Service } from '../../src/model/service.ts';
import type { Gateway, Target } from '../../src/route/gateway.ts';
import { type DataPlane, type DataPlaneOptions, startDataPlane } from '../../src/listen/data-plane.ts';
import { Notes } from '../unit/policy/fixtures.ts';
import { RawClient } from './raw-client.ts';

/** Notes what the listener tells. */
export class ListenerNotes extends Notes {
  readonly ended: Exchange[] = [];
  readonly rejections: { reason: Rejection; status: number; detail: string }[] = [];
  readonly errors: unknown[] = [];
  override exchangeEnded(exchange?: Exchange): void {
    if (exchange !== undefined) this.ended.push(exchange);
  }
  override rejected(reason?: Rejection, status = 0, detail = ''): void {
    if (reason !== undefined) this.rejections.push({ reason, status, detail });
  }
  override internalError(error: unknown): void {
    this.errors.push(error);
  }
}

/** A gateway of some targets. */
export function gatewayOfTargets(
  targets: readonly Target[],
  hosts: Readonly<Record<string, string>> = {},
  passthrough: readonly string[] = [],
): Gateway {
  const byName = (name: string | undefined): Target | undefined => targets.find((target) => target.name === name);
  return {
    byPrefix: byName,
    byHost: (authority) => byName(hosts[authority]),
    isPassthrough: (authority) => passthrough.includes(authority),
    names: targets.map((target) => target.name),
  };
}

/** An upstream named `api` at https://api.example. */
export function targetOf(serve: Service, parts: Partial<Target> = {}): Target {
  return { name: 'api', origin: { scheme: 'https', authority: 'api.example' }, bufferLimit: 1024, serve, ...parts };
}

/** A service that says what it was asked: method, path and body. */
export const echo = (exchange: Exchange): Promise<Outcome> => {
  const { body } = exchange;
  const text = body.kind === 'bytes' ? body.bytes.toString('latin1') : body.kind;
  return Promise.resolve(
    reply(200, ['content-type', 'text/plain'], 'upstream', new BytesBody(Buffer.from(`${exchange.method} ${exchange.path} ${text}`))),
  );
};

/** A data plane on free ports, what it told, and clients for it. */
export interface Listener extends AsyncDisposable {
  readonly plane: DataPlane;
  readonly notes: ListenerNotes;
  readonly port: number;
  readonly url: string;
  client(): Promise<RawClient>;
}

/** Starts a data plane in front of `serve`, or of the gateway in `options`. */
export async function startListener(serve: Service, options: Partial<DataPlaneOptions> = {}): Promise<Listener> {
  const notes = new ListenerNotes();
  const gateway = gatewayOfTargets([targetOf(serve)], { 'api.example': 'api' });
  const limits = { headerBytes: 16 * 1024, bodyBytes: 1024 * 1024, requestTimeoutMs: 30_000 };
  const authority = (): Promise<never> => Promise.reject(new Error('this test intercepts nothing'));
  const plane = await startDataPlane({
    listen: { host: '127.0.0.1', port: 0 },
    ports: [],
    gateway: () => gateway,
    limits,
    observer: notes,
    clock: systemClock,
    authority,
    ...options,
  });
  const { port } = plane.address;
  return { plane, notes, port, url: `http://127.0.0.1:${port}`, client: () => RawClient.connect(port), [Symbol.asyncDispose]: () => plane.close() };
}
