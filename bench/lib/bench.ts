import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import type { Setup } from '../contenders/contender.ts';
import type { Case } from '../scenarios/scenario.ts';
import { makeCertificates } from './certificates.ts';
import { type Origin, startOrigin } from './origin.ts';
import { killAll, LOAD_CORE } from './process.ts';

/** What all measurements share: origins that run, certificates, a directory. */
export interface Bench {
  readonly origin: Origin;
  setupOf(one: Case): Setup;
  /** Stops the origins and removes the directory. */
  close(): Promise<void>;
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Starts the origins and moves this process to the core of the load. Where it is interrupted, all that runs is ended and what was written is removed. */
export async function openBench(): Promise<Bench> {
  execFileSync('taskset', ['-p', '-c', String(LOAD_CORE), String(process.pid)], { stdio: 'ignore' });
  const directory = mkdtempSync(join(tmpdir(), 'breakwater-bench-'));
  const forget = (): void => rmSync(directory, { recursive: true, force: true });
  const interrupted = (): void => {
    killAll();
    forget();
    process.exit(130);
  };
  for (const signal of SIGNALS) process.once(signal, interrupted);
  const certificates = makeCertificates(directory);
  const origin = await startOrigin(directory, certificates);
  const ports = { http: origin.httpPort, https: origin.tlsPort, streams: origin.streamPort, slow: origin.slowPort };
  return {
    origin,
    setupOf: (one) => ({
      mode: one.mode,
      upstream: { scheme: one.behind === 'https' || one.behind === 'slow' ? 'https' : 'http', port: ports[one.behind] },
      certificates,
      directory,
      connections: one.connections ?? 256,
      interactive: one.interactive ?? false,
    }),
    close: async () => {
      await origin.stop();
      forget();
      for (const signal of SIGNALS) process.off(signal, interrupted);
    },
  };
}
