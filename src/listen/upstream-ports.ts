import { isIPv4 } from 'node:net';
import type { PortDoor } from './door.ts';
import type { ListenAddress, OpenPort } from './ports.ts';

/** An upstream's own port. */
export interface UpstreamPort extends ListenAddress {
  /** Empty for the main port. */
  readonly upstream: string;
}

/** What makes an address that is asked for the same as another, whichever upstream it leads to. Any free port is another one for each upstream. */
export function addressKey({ upstream, host, port }: UpstreamPort): string {
  return `${upstream === '' ? 'main' : port === 0 ? `of ${upstream}` : 'own'} ${host} ${port}`;
}

/**
 * Of open addresses those that are a part of a wanted one, which has their port on all addresses of this machine, each with the upstream that it leads to then. They stay open beside it:
 * nothing is reached by them that is not wanted, and what just connects there would be cut off.
 */
export function partsOf(wanted: readonly UpstreamPort[], open: readonly UpstreamPort[]): UpstreamPort[] {
  const keys = new Set(wanted.map(addressKey));
  return open.flatMap((one) => {
    const whole = keys.has(addressKey(one)) ? undefined : wanted.find((want) => isPart(one, want));
    return whole === undefined ? [] : [{ ...one, upstream: whole.upstream }];
  });
}

function isPart(one: UpstreamPort, whole: UpstreamPort): boolean {
  if (one.upstream === '' || whole.upstream === '' || one.port === 0 || one.port !== whole.port) return false;
  return whole.host === '::' || (whole.host === '0.0.0.0' && isIPv4(one.host));
}

/** Opens what is asked for, at `address`. */
type Open = (asked: UpstreamPort, address: ListenAddress, door: PortDoor) => Promise<OpenPort<PortDoor>>;

/** The upstreams' own ports. */
export class UpstreamPorts {
  readonly #opener: Open;
  /** Whether an address can be had beside another one of the same port. */
  readonly #beside: boolean;
  #open: readonly OpenPort<PortDoor>[] = [];

  constructor(opener: Open, beside = false) {
    this.#opener = opener;
    this.#beside = beside;
  }

  /** Those that are open. */
  get open(): readonly OpenPort<PortDoor>[] {
    return this.#open;
  }

  /** The open port of an address. */
  find(asked: UpstreamPort): OpenPort<PortDoor> | undefined {
    const key = addressKey(asked);
    return this.#open.find((port) => addressKey(askedOf(port)) === key);
  }

  /** Keeps the ports whose address is wanted, whichever upstream wants it, opens those that are missing and closes the others. Rejects, changing nothing, where one cannot be had. */
  set(wanted: readonly UpstreamPort[]): Promise<void> {
    return this.#set(this.#beside ? [...wanted, ...partsOf(wanted, this.#open.map(askedOf))] : wanted);
  }

  async #set(wanted: readonly UpstreamPort[]): Promise<void> {
    const missing = wanted.filter((want) => this.find(want) === undefined);
    const keys = new Set(wanted.map(addressKey));
    const gone = this.#open.filter((port) => !keys.has(addressKey(askedOf(port))));
    const opened = await this.#opened(missing, gone);
    // what waits at those that go is accepted first
    if (this.#beside && gone.length > 0) await new Promise(setImmediate);
    for (const port of gone) port.close();
    const doors = wanted.map((want) => ({ door: this.find(want)?.door, upstream: want.upstream }));
    for (const { door, upstream } of doors) if (door !== undefined) door.upstream = upstream;
    this.#open = [...this.#open.filter((port) => !gone.includes(port)), ...opened];
  }

  /** Opens what is missing. A port that only moves to another address of this machine is closed before, where the system may not give out the one beside the other. */
  async #opened(missing: readonly UpstreamPort[], gone: readonly OpenPort<PortDoor>[]): Promise<OpenPort<PortDoor>[]> {
    const moved = this.#beside ? [] : gone.filter(({ address }) => missing.some(({ port }) => port === address.port));
    for (const port of moved) port.close();
    const opened: OpenPort<PortDoor>[] = [];
    try {
      for (const want of missing) opened.push(await this.#opener(want, want, { kind: 'port', upstream: want.upstream }));
      return opened;
    } catch (error) {
      for (const port of opened) port.close();
      await this.#reopen(moved, error as Error);
      throw error;
    }
  }

  /** Opens ports again that were closed for nothing. Rejects where another program was quicker, and tells that besides what went wrong first. */
  async #reopen(ports: readonly OpenPort<PortDoor>[], first: Error): Promise<void> {
    const again = await Promise.allSettled(ports.map((port) => this.#again(port)));
    this.#open = [...this.#open.filter((port) => !ports.includes(port)), ...again.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))];
    const lost = again.flatMap((one) => (one.status === 'rejected' ? [(one.reason as Error).message] : []));
    if (lost.length > 0) throw new Error([first.message, ...lost].join('; and back again: '), { cause: first });
  }

  async #again(port: OpenPort<PortDoor>): Promise<OpenPort<PortDoor>> {
    const { door, asked, address } = port;
    return { ...(await this.#opener(askedOf(port), { host: asked.host, port: address.port }, door)), asked };
  }
}

function askedOf({ door, asked }: OpenPort<PortDoor>): UpstreamPort {
  return { ...asked, upstream: door.upstream };
}
