import type { Loaded } from '../../config/load.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Handlers } from './link.ts';
import { type Ending, Member } from './member.ts';
import { PATIENCE_MS, type PrimaryCalls, type StartOrder, type WorkerCalls } from './protocol.ts';
import type { Sockets } from './sockets.ts';

/** A worker that dies sooner after its start than this may die again at once. Milliseconds. */
const QUICK_MS = 5000;
/** Wait before a worker is replaced that died quickly, doubled each time in a row. Milliseconds. */
const BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 10_000;

/** A worker that answers nothing for so long does not serve either. Milliseconds. */
const SILENT_MS = 30_000;

/** What a crew needs of the primary. */
export interface CrewParts {
  readonly count: number;
  readonly sockets: Sockets;
  readonly log: Log;
  readonly bug: (error: unknown) => void;
  readonly handlersOf: (member: () => Member) => Handlers<PrimaryCalls>;
  /** What a worker is started with, apart from its seat. */
  readonly order: () => Omit<StartOrder, 'seat'>;
  /** A worker takes traffic, with the configuration that it was given. */
  readonly started: (member: Member, given: Loaded) => Promise<void>;
  /** A worker that took traffic has ended: died, before it is replaced, or stopped. */
  readonly ended: (member: Member) => void;
}

/** The workers: as many as were asked for, each replaced when it dies. */
export class Crew {
  readonly #parts: CrewParts;
  readonly #members = new Map<number, Member>();
  readonly #quick = new Map<number, number>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #nextId = 1;
  #stopping = false;
  /** Workers that took the place of one that died. */
  restarts = 0;

  constructor(parts: CrewParts) {
    this.#parts = parts;
  }

  /** The workers that do not take traffic yet. */
  get starting(): Member[] {
    return [...this.#members.values()].filter(({ served }) => !served);
  }

  /** The workers that take traffic. */
  get ready(): Member[] {
    return [...this.#members.values()].filter(({ ready }) => ready);
  }

  /** A worker by the name of its process. */
  byId(id: number): Member | undefined {
    return this.ready.find((member) => member.id === id);
  }

  /** Starts all; settles once they serve. Rejects where one cannot; `stop` then ends the others. */
  async start(): Promise<void> {
    // the first one finds out what is wrong, once
    await this.#start(0);
    await Promise.all(Array.from({ length: this.#parts.count - 1 }, (_, i) => this.#start(i + 1)));
  }

  /** Asks all workers that take traffic; those that fail or take too long are left out. */
  async askAll<K extends keyof WorkerCalls>(
    call: K,
    value: Parameters<WorkerCalls[K]>[0],
    ms: number,
    except?: number,
  ): Promise<{ readonly member: Member; readonly value: Awaited<ReturnType<WorkerCalls[K]>> }[]> {
    const asked = this.ready.filter(({ id }) => id !== except);
    const answers = await Promise.allSettled(asked.map(async (member) => ({ member, value: await member.link.ask(call, value as never, ms) })));
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : [])) as never;
  }

  /** Ends workers that have not answered for too long: nothing can be told them, and what is told them piles up. */
  endSilent(): void {
    for (const member of this.ready) {
      if (performance.now() - member.answeredAt < SILENT_MS) continue;
      this.#parts.log.error({ worker: member.seat.index, pid: member.pid }, 'worker does not answer: it is ended');
      member.kill();
    }
  }

  /** Stops all workers as apps stop, and waits for their end. Whether nothing had to be cut. */
  async stop(drainMs: number): Promise<boolean> {
    this.#stopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const stopped = await Promise.all([...this.#members.values()].map((member) => this.#stop(member, drainMs)));
    return stopped.every(Boolean);
  }

  async #stop(member: Member, drainMs: number): Promise<boolean> {
    let clean = false;
    try {
      clean = await member.link.ask('stop', drainMs, drainMs + 5 * PATIENCE_MS);
    } catch {
      member.kill();
    }
    member.release();
    await member.ended;
    return clean;
  }

  async #start(index: number): Promise<void> {
    const { count, handlersOf, log, order } = this.#parts;
    const seat = { index, count, id: this.#nextId++ };
    const given = order();
    const parts = { lines: (text: string) => log.line(withWorker(text, index)), bug: this.#parts.bug };
    const member: Member = new Member(
      seat,
      handlersOf(() => member),
      parts,
    );
    this.#members.set(index, member);
    const ended = member.ended.then((how) => this.#ended(member, how));
    try {
      await member.link.ask('start', { ...given, seat }, Infinity);
    } catch (error) {
      member.kill();
      await ended;
      throw error;
    }
    member.ready = true;
    member.answeredAt = performance.now();
    member.served = true;
    log.info({ worker: index, pid: member.pid }, 'worker ready');
    void this.#cover();
    await this.#parts.started(member, given.loaded);
  }

  #ended(member: Member, { code, signal }: Ending): void {
    const { index } = member.seat;
    if (!member.served) return;
    this.#parts.ended(member);
    if (this.#stopping) return;
    this.restarts++;
    const waitMs = this.#backoff(member);
    this.#parts.log.error({ worker: index, pid: member.pid, code, signal, waitMs }, 'worker died: it is replaced');
    void this.#cover();
    if (waitMs === 0) void this.#replace(index);
    else this.#later(waitMs, index);
  }

  /** One worker accepts what waits in the sockets of those that have died, and what comes, until they are replaced. */
  async #cover(): Promise<void> {
    const { sockets, count } = this.#parts;
    const { addresses } = sockets;
    const [first, ...others] = this.ready;
    for (const other of others) other.link.tell('uncover', undefined);
    first?.link.tell('uncover', undefined);
    const missing = Array.from({ length: count }, (_, index) => index).filter((index) => this.#members.get(index)?.ready !== true);
    for (const index of missing)
      for (const address of addresses) {
        const socket = await sockets.of(address, index);
        await first?.link.ask('cover', address, PATIENCE_MS, socket).catch(() => undefined);
      }
  }

  async #replace(index: number): Promise<void> {
    if (this.#stopping) return;
    try {
      await this.#start(index);
    } catch (error) {
      const waitMs = this.#slower(index);
      this.#parts.log.error({ worker: index, error: (error as Error).message, waitMs }, 'worker did not start');
      this.#later(waitMs, index);
    }
  }

  #later(ms: number, index: number): void {
    if (this.#stopping) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#replace(index);
    }, ms);
    this.#timers.add(timer);
  }

  /** The first death is nobody's fault: at once. */
  #backoff({ startedAt, seat }: Member): number {
    const isQuick = performance.now() - startedAt < QUICK_MS;
    if (!isQuick) this.#quick.delete(seat.index);
    const waitMs = this.#quick.has(seat.index) ? this.#slower(seat.index) : 0;
    if (isQuick && waitMs === 0) this.#quick.set(seat.index, 0);
    return waitMs;
  }

  #slower(index: number): number {
    const times = this.#quick.get(index) ?? 0;
    this.#quick.set(index, times + 1);
    return Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** times);
  }
}

/** Lines of a worker with its number in each. */
function withWorker(text: string, index: number): string {
  return text.replace(/^\{/gm, `{"worker":${index},`);
}
