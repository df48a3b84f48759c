import { createClient } from 'redis';
import { RedisServer } from './redis-server.ts';

/** How long a server is silent before the others hold it for dead, in milliseconds: while they get to know each other, which fails for good after that, and afterwards. */
const [MEETING_MS, NODE_TIMEOUT_MS] = [10_000, 1000];
const SLOTS = 16_384;

/** One server of a cluster, and a connection to it. */
export class Member implements AsyncDisposable {
  readonly server: RedisServer;
  readonly #client: ReturnType<typeof createClient>;

  private constructor(server: RedisServer) {
    this.server = server;
    this.#client = createClient({ url: server.url, RESP: 2 });
    this.#client.on('error', () => undefined);
  }

  static async start(options: readonly string[]): Promise<Member> {
    const server = await RedisServer.start(['--cluster-enabled', 'yes', '--cluster-node-timeout', String(MEETING_MS), ...options]);
    const member = new Member(server);
    await member.#client.connect();
    return member;
  }

  /** Sends one command. Rejects where the server says no or is gone. */
  send(...words: string[]): Promise<unknown> {
    return this.#client.sendCommand(words);
  }

  /** Whether one of the infos of a server says all of these. */
  async says(info: readonly string[], ...lines: readonly string[]): Promise<boolean> {
    const text = String(await this.send(...info));
    return lines.every((line) => text.includes(line));
  }

  /** Leaves the replicas of this master with what they have: nothing that it does from now on comes to them. Connections that stand stay. */
  async cutOffReplicas(): Promise<void> {
    await this.send('CONFIG', 'SET', 'requirepass', 'for replicas to lack');
    await this.send('CLIENT', 'KILL', 'TYPE', 'replica');
    while (!(await this.says(['INFO', 'replication'], 'connected_slaves:0')));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.destroy();
    await this.server[Symbol.asyncDispose]();
  }
}

/** A replica takes over however long it was cut off, but not before it is told to: a busy test may take as long as it likes while its master is gone. */
const REPLICA = ['--cluster-replica-validity-factor', '0', '--cluster-replica-no-failover', 'yes', '--repl-diskless-sync-delay', '0'];

/** A real Redis Cluster on loopback: masters that share the slots evenly, each with one replica, unless they are to have none. */
export class RedisCluster implements AsyncDisposable {
  readonly masters: readonly Member[];
  /** The replica of each master, in the same order. */
  readonly replicas: readonly Member[];

  private constructor(masters: readonly Member[], replicas: readonly Member[]) {
    this.masters = masters;
    this.replicas = replicas;
  }

  /** `partial`: the others serve on while one is down. */
  static async start({ replicas = true, partial = false } = {}): Promise<RedisCluster> {
    const options = [...REPLICA, '--cluster-require-full-coverage', partial ? 'no' : 'yes'];
    const members = await Promise.all(Array.from({ length: replicas ? 6 : 3 }, () => Member.start(options)));
    const cluster = new RedisCluster(members.slice(0, 3), members.slice(3));
    await cluster.#join();
    return cluster;
  }

  get members(): readonly Member[] {
    return [...this.masters, ...this.replicas];
  }

  get urls(): string[] {
    return this.members.map(({ server }) => server.url);
  }

  /** Which of the masters, as it was begun, holds a key. */
  async holderOf(key: string): Promise<number> {
    const slot = Number(await this.masters[0]?.send('CLUSTER', 'KEYSLOT', key));
    return Math.min(Math.floor(slot / this.#share), this.masters.length - 1);
  }

  /** Settles when the replica of a master has as many keys: copying takes a while to begin. */
  async copied(master: number): Promise<void> {
    const size = (member: Member | undefined) => member?.send('DBSIZE');
    while ((await size(this.masters[master])) !== (await size(this.replicas[master])));
  }

  /** Lets the replica of a master that is gone take its place; settles when it has and the cluster serves every key again. `silent`: who is alive and cannot be asked. */
  async failedOver(master: number, silent: readonly Member[] = []): Promise<void> {
    const heir = this.replicas[master];
    await heir?.send('CONFIG', 'SET', 'cluster-replica-no-failover', 'no');
    while (!(await heir?.says(['INFO', 'replication'], 'role:master')));
    await this.#whole(this.members.filter((member) => member.server.alive && !silent.includes(member)));
  }

  get #share(): number {
    return Math.ceil(SLOTS / this.masters.length);
  }

  async #join(): Promise<void> {
    const [first] = this.masters;
    await Promise.all(
      this.masters.map((master, i) =>
        master.send('CLUSTER', 'ADDSLOTSRANGE', String(i * this.#share), String(Math.min((i + 1) * this.#share, SLOTS) - 1)),
      ),
    );
    // without it, two that begin in the same epoch have to agree on who is later
    await Promise.all(this.members.map((member, i) => member.send('CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1))));
    for (const { server } of this.members.slice(1)) await first?.send('CLUSTER', 'MEET', '127.0.0.1', String(server.port), String(server.busPort));
    await this.#whole(this.members);
    await Promise.all(
      this.replicas.map(async (replica, i) => {
        await replica.send('CLUSTER', 'REPLICATE', String(await this.masters[i]?.send('CLUSTER', 'MYID')));
        while (!(await replica.says(['INFO', 'replication'], 'master_link_status:up')));
      }),
    );
    await Promise.all(this.members.map((member) => member.send('CONFIG', 'SET', 'cluster-node-timeout', String(NODE_TIMEOUT_MS))));
    // who holds a replica for a master does not let it take over
    for (const member of this.members)
      while (String(await member.send('CLUSTER', 'NODES')).match(/ (?:myself,)?slave[ ,]/g)?.length !== (this.replicas.length || undefined));
  }

  async #whole(members: readonly Member[]): Promise<void> {
    const lines = ['cluster_state:ok', `cluster_known_nodes:${this.members.length}`, `cluster_slots_ok:${SLOTS}`];
    for (const member of members) while (!(await member.says(['CLUSTER', 'INFO'], ...lines)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.members.map((member) => member[Symbol.asyncDispose]()));
  }
}
