import { installed, versionOf } from '../lib/installed.ts';
import { type Contender, configured, home, type Setup, startOn } from './contender.ts';

/** HAProxy, one thread. */
export const haproxy: Contender = {
  name: 'haproxy',
  title: 'one thread, http-reuse always',
  modes: ['reverse', 'cache'],
  missing: () => (installed('haproxy') === undefined ? 'apt-get install haproxy' : undefined),
  version: () => versionOf('haproxy', '-v'),
  start: (setup) => {
    const directory = home(setup, 'haproxy');
    return startOn((port) => ['haproxy', '-db', '-f', configured(directory, 'haproxy.cfg', configOf(setup, port))], directory);
  },
};

function configOf({ mode, upstream, certificates, connections, interactive }: Setup, port: number): string {
  const tls = upstream.scheme === 'https' ? ` ssl verify required ca-file ${certificates.ca} verifyhost localhost sni str(localhost)` : '';
  const store = mode === 'cache' ? 'cache bench\n  total-max-size 64\n  max-age 3600\n' : '';
  const use = mode === 'cache' ? '  http-request cache-use bench\n  http-response cache-store bench\n' : '';
  return `global
  nbthread 1
  maxconn 8000
defaults
  mode http
  timeout connect 3s
  timeout client 60s
  timeout server 60s
  timeout tunnel 60s
  http-reuse always
${interactive ? '  option http-no-delay\n' : ''}${store}frontend in
  bind 127.0.0.1:${port} backlog 4096
  default_backend out
backend out
${use}  server origin 127.0.0.1:${upstream.port} pool-max-conn ${connections}${tls}
`;
}
