import { installed, versionOf } from '../lib/installed.ts';
import { type Contender, configured, home, originUrl, type Setup, startOn } from './contender.ts';

/** Caddy; on one core Go runs one thread of Go code by itself. */
export const caddy: Contender = {
  name: 'caddy',
  title: 'reverse_proxy, access log off',
  modes: ['reverse'],
  missing: () => (installed('caddy') === undefined ? 'apt-get install caddy' : undefined),
  version: () => versionOf('caddy', 'version'),
  start: (setup) => {
    const directory = home(setup, 'caddy');
    const command = (port: number): string[] => [
      'caddy',
      'run',
      '--adapter',
      'caddyfile',
      '--config',
      configured(directory, 'Caddyfile', configOf(setup, port)),
    ];
    return startOn(command, directory, { HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory });
  },
};

function configOf(setup: Setup, port: number): string {
  const tls = setup.upstream.scheme === 'https' ? `tls_trusted_ca_certs ${setup.certificates.ca}` : '';
  return `{
  admin off
  auto_https off
  log default {
    level ERROR
  }
}
http://:${port} {
  bind 127.0.0.1
  reverse_proxy ${originUrl(setup)} {
    transport http {
      keepalive_idle_conns_per_host ${setup.connections}
      ${tls}
    }
  }
}
`;
}
