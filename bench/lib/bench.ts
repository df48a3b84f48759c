import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import type { Setup } from '../contenders/contender.ts';
import type { Case } from '../scenarios/scenario.ts';
import { makeCertificates } from './certificates.ts';
import { type Origin, startOrigin } from './origin.ts';
import { LOAD_CORE } from './process.ts';

/** How long and how often. Seconds. */
export interface Effort {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUp: number;
  /** Rounds of the baseline against itself; as many as the others unless said. */
  readonly aaRounds?: number;
}

/** What all measurements share: origins that run, certificates, a directory. */
export interface Bench {
  readonly origin: Origin;
  readonly effort: Effort;
  setupOf(one: Case): Setup;
  close(): Promise<void>;
}

/** Starts the origins and moves this process to the core of the load. */
export async function openBench(effort: Effort): Promise<Bench> {
  execFileSync('taskset', ['-p', '-c', String(LOAD_CORE), String(process.pid)], { stdio: 'ignore' });
  const directory = mkdtempSync(join(tmpdir(), 'breakwater-bench-'));
  const certificates = makeCertificates(directory);
  const origin = await startOrigin(directory, certificates);
  const ports = { http: origin.httpPort, https: origin.tlsPort, streams: origin.streamPort, slow: origin.slowPort };
  return {
    origin,
    effort,
    setupOf: (one) => ({
      mode: one.mode,
      upstream: { scheme: one.behind === 'https' || one.behind === 'slow' ? 'https' : 'http', port: ports[one.behind] },
      certificates,
      directory,
      connections: one.connections ?? 256,
    }),
    close: async () => {
      await origin.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
