import { installed, versionOf } from '../lib/installed.ts';
import { type Contender, configured, home, type Setup, startOn } from './contender.ts';

/** nginx, one worker. */
export const nginx: Contender = {
  name: 'nginx',
  title: 'one worker, keep-alive upstream, default buffers',
  modes: ['reverse', 'cache'],
  missing: () => (installed('nginx') === undefined ? 'apt-get install nginx-light' : undefined),
  version: () => versionOf('nginx', '-v'),
  start: (setup) => {
    const directory = home(setup, 'nginx');
    const command = (port: number): string[] => {
      return ['nginx', '-p', directory, '-e', 'stderr', '-c', configured(directory, 'nginx.conf', configOf(setup, directory, port))];
    };
    return startOn(command, directory);
  },
};

function configOf({ mode, upstream, certificates, connections }: Setup, directory: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/${name};`).join(' ');
  const zone = mode === 'cache' ? `proxy_cache_path ${directory}/cache keys_zone=bench:8m;` : '';
  const cache = mode === 'cache' ? 'proxy_cache bench; proxy_cache_valid 200 1h;' : '';
  const tls =
    upstream.scheme === 'https'
      ? `proxy_ssl_verify on; proxy_ssl_trusted_certificate ${certificates.ca}; proxy_ssl_name localhost; proxy_ssl_protocols TLSv1.2 TLSv1.3;`
      : '';
  return `daemon off; master_process off; worker_processes 1; pid ${directory}/nginx.pid; error_log stderr crit;
worker_rlimit_nofile 16384;
events { worker_connections 8192; }
http {
  access_log off; keepalive_requests 100000000; client_max_body_size 0; ${temporary}
  ${zone}
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream origin { server 127.0.0.1:${upstream.port}; keepalive ${connections}; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass ${upstream.scheme}://origin; proxy_http_version 1.1; proxy_set_header Host localhost;
      proxy_set_header Connection $connection_upgrade; proxy_set_header Upgrade $http_upgrade;
      ${tls} ${cache}
    }
  }
}
`;
}
