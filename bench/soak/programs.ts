import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { answering, freePort } from '../lib/process.ts';
import type { Holding, Sample } from './probe.ts';
import type { UpstreamReport } from './upstream.ts';

function pathOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** A program that answers questions over its channel. */
class Asked implements AsyncDisposable {
  readonly child: ChildProcess;

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  }

  async ask(what: string): Promise<unknown> {
    const answer = once(this.child, 'message');
    this.child.send(what);
    return (await answer)[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}

/** The upstream as a process of its own. */
export interface Upstream extends AsyncDisposable {
  readonly port: number;
  report(): Promise<UpstreamReport>;
}

/** Starts the upstream. */
export async function startUpstream(exchanges: number, share: number, seed: number): Promise<Upstream> {
  const upstream = new Asked([pathOf('./upstream.ts'), String(exchanges), String(share), String(seed)]);
  const [{ port }] = (await once(upstream.child, 'message')) as [{ port: number }];
  return { port, report: async () => (await upstream.ask('report')) as UpstreamReport, [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose]() };
}

/** Breakwater as a process of its own, with a probe inside. */
export interface Subject extends AsyncDisposable {
  readonly port: number;
  sample(): Promise<Sample>;
  holding(): Promise<Holding>;
  /** A value of /metrics, summed over the series whose text begins so. */
  metric(series: string): Promise<number>;
}

/** Starts Breakwater in front of an upstream. */
export async function startSubject(upstreamPort: number, directory: string): Promise<Subject> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const file = join(directory, 'proxy.yaml');
  writeFileSync(file, stringify(configuration(port, adminPort, upstreamPort)));
  const subject = new Asked([
    '--expose-gc',
    '--disable-warning=ExperimentalWarning',
    '--import',
    pathOf('./probe.ts'),
    pathOf('../../src/cli/main.ts'),
    'run',
    '-c',
    file,
  ]);
  const ended = (): boolean => subject.child.exitCode !== null;
  await answering({ pid: 0, startedAt: 0, output: () => 'see above', ended, stop: () => Promise.resolve() }, adminPort, '/health/ready');
  return {
    port,
    sample: async () => (await subject.ask('sample')) as Sample,
    holding: async () => (await subject.ask('holding')) as Holding,
    metric: async (series) => sumOf(await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text(), series),
    [Symbol.asyncDispose]: () => subject[Symbol.asyncDispose](),
  };
}

function sumOf(text: string, series: string): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith(series))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** Every policy that can hold on to something, with limits short enough that the faults cost little time. */
function configuration(port: number, adminPort: number, upstreamPort: number): object {
  return {
    version: 1,
    listen: { port },
    admin: { port: adminPort },
    upstreams: {
      api: {
        origin: `http://127.0.0.1:${upstreamPort}`,
        timeouts: { connect: '1s', headers: '200ms', idle: '200ms', total: '3s', queue: '2s' },
        pool: { connections: 128 },
        retry: { attempts: 3, refused: true, backoff: { base: '2ms', max: '20ms' } },
        breaker: { consecutive: 12, openFor: '50ms', openMax: '200ms' },
        bulkhead: { concurrent: 256, queue: 1000 },
        routes: [
          { name: 'cached', match: { path: '/cached/{key}' }, cache: { ttl: '300ms', staleIfError: '5s', coalesce: true } },
          { name: 'orders', match: { method: 'POST', path: '/orders/{id}' }, resend: { window: '5s', lateAnswer: '500ms' } },
          { name: 'large', match: { path: '/large/**' }, streaming: true, resume: {} },
          { name: 'items', match: { method: 'GET', path: '/items/{id}' }, hedge: { after: '80ms' } },
        ],
      },
    },
  };
}
