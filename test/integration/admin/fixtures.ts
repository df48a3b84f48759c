import { request as httpRequest } from 'node:http';
import { startAdmin, type AdminOptions } from '../../../src/admin/server.ts';
import type { AdminView, BreakerAction, Readiness } from '../../../src/admin/view.ts';
import type { Config } from '../../../src/config/schema.ts';
import type { BreakerReading, ConfigReading, UpstreamReading } from '../../../src/model/status.ts';
import { configOf } from '../../unit/config/fixtures.ts';
import { listening, upstreamReading } from '../../unit/telemetry/fixtures.ts';

/** An app that stands still, whose parts a test moves. */
export class StillApp implements AdminView {
  readonly version = '1.2.3';
  readonly startedAt = 1_700_000_000_000;
  state: Readiness = 'ready';
  all: UpstreamReading[] = [upstreamReading()];
  loaded: ConfigReading = { file: 'proxy.yaml', loadedAt: 1_700_000_000_000, lastReloadOk: true, problems: [] };
  readonly acts: [string, string, BreakerAction, string | undefined][] = [];
  broken = false;
  effective: Config = configOf('version: 1\nupstreams: { api: { origin: https://api.example, timeouts: { total: 9s } } }\n');

  upstreams(): readonly UpstreamReading[] {
    if (this.broken) throw new Error('a bug, with key=s3cr3t');
    return this.all;
  }
  listeners(): { listener: string; connections: number }[] {
    return [{ listener: 'proxy', connections: 2 }];
  }
  config(): ConfigReading {
    return this.loaded;
  }
  readiness(): Readiness {
    return this.state;
  }
  effectiveConfig(): Config {
    return this.effective;
  }
  openQuotas(upstream: string, scope: string | undefined): number {
    const [before, one] = [this.all.find(({ name }) => name === upstream)?.quotas ?? [], (quota: { scope: string }) => quota.scope === scope];
    const opened = before.filter((quota) => scope === undefined || one(quota));
    this.all = this.all.map((each) => (each.name === upstream ? { ...each, quotas: before.filter((quota) => !opened.includes(quota)) } : each));
    return opened.length;
  }
  breakerNames(): readonly string[] {
    return ['default', 'unasked'];
  }
  actOnBreaker(upstream: string, breaker: string, action: BreakerAction, authority: string | undefined): readonly BreakerReading[] {
    if (breaker === 'unasked') return [];
    this.acts.push([upstream, breaker, action, authority]);
    const state = action === 'trip' ? 'open' : action === 'reset' ? 'closed' : 'isolated';
    return [{ upstream, breaker, authority: authority ?? 'api.example', state, retryAfterMs: 59_999.5 }];
  }
}

/** An answer, read whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}

/** The admin listener of an app that stands still, and a client that sends just what it is told. */
export async function startStillAdmin(options: Partial<AdminOptions> = {}) {
  const app = new StillApp();
  const heard = listening();
  heard.telemetry.readFrom(app);
  const admin = await startAdmin({ host: '127.0.0.1', port: 0, view: app, telemetry: heard.telemetry, clock: heard.clock, ...options });
  const ask = (method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const request = httpRequest({ host: '127.0.0.1', port: admin.port, method, path, headers, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
        response.on('error', reject);
      });
      request.on('error', reject).end(body);
    });
  const read = async (path: string): Promise<Record<string, unknown>> => JSON.parse((await ask('GET', path)).text) as Record<string, unknown>;
  return { app, admin, ask, read, ...heard, [Symbol.asyncDispose]: () => admin.close() };
}
