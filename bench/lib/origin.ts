import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonOf, ONE_KIB, SIZES } from '../programs/payloads.ts';
import type { Certificates } from './certificates.ts';
import { installed } from './installed.ts';
import { announcedPort, answering, freePort, LOAD_CORE, type Program, start } from './process.ts';

/** The servers that everything is forwarded to. All on the core of the load. */
export interface Origin {
  /** What serves plain requests: `nginx` or `node`. */
  readonly kind: 'nginx' | 'node';
  readonly httpPort: number;
  readonly tlsPort: number;
  /** A Node server with events and WebSocket echo. */
  readonly streamPort: number;
  /** A link of 25 ms round trip to the TLS origin. */
  readonly slowPort: number;
  stop(): Promise<void>;
}

/** Round trip of the slow link, in milliseconds. */
export const SLOW_RTT_MS = 25;

const programs = join(import.meta.dirname, '..');

/** Starts the origins: nginx for plain requests where it is installed, else Node. */
export async function startOrigin(directory: string, certificates: Certificates): Promise<Origin> {
  const node = (file: string, ...rest: string[]): Program => start([process.execPath, join(programs, file), ...rest], LOAD_CORE, directory);
  const streams = node('origin.ts');
  const started = [streams];
  const nginx = installed('nginx') !== undefined;
  const [httpPort, tlsPort] = nginx ? await startNginx(directory, certificates, started) : await startNode(node, certificates, started);
  const slow = node('programs/slow-link.ts', String(tlsPort), String(SLOW_RTT_MS));
  started.push(slow);
  return {
    kind: nginx ? 'nginx' : 'node',
    httpPort,
    tlsPort,
    streamPort: await announcedPort(streams),
    slowPort: await announcedPort(slow),
    stop: async () => void (await Promise.all(started.map((program) => program.stop()))),
  };
}

async function startNode(
  node: (file: string, ...rest: string[]) => Program,
  certificates: Certificates,
  started: Program[],
): Promise<[number, number]> {
  const plain = node('origin.ts');
  const secure = node('origin.ts', certificates.cert, certificates.key);
  started.push(plain, secure);
  return [await announcedPort(plain), await announcedPort(secure)];
}

async function startNginx(directory: string, certificates: Certificates, started: Program[]): Promise<[number, number]> {
  const home = join(directory, 'origin');
  mkdirSync(home);
  for (const [name, size] of Object.entries(SIZES)) writeFileSync(join(home, name), jsonOf(size));
  const [httpPort, tlsPort] = [await freePort(), await freePort()];
  writeFileSync(join(home, 'nginx.conf'), nginxConfig(home, httpPort, tlsPort, certificates));
  const program = start(['nginx', '-p', home, '-e', 'stderr', '-c', join(home, 'nginx.conf')], LOAD_CORE, directory);
  started.push(program);
  await answering(program, httpPort, '/1k');
  return [httpPort, tlsPort];
}

function nginxConfig(home: string, httpPort: number, tlsPort: number, { cert, key }: Certificates): string {
  return `daemon off; master_process off; worker_processes 1; pid ${home}/nginx.pid; error_log stderr crit;
worker_rlimit_nofile 16384;
events { worker_connections 8192; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; keepalive_timeout 600s;
  open_file_cache max=100 inactive=1h; client_max_body_size 0; client_body_temp_path ${home}/body;
  default_type application/json; etag on;
  add_header Cache-Control "max-age=3600";
  server {
    listen 127.0.0.1:${httpPort} backlog=4096;
    listen 127.0.0.1:${tlsPort} ssl backlog=4096; listen [::1]:${tlsPort} ssl;
    ssl_certificate ${cert}; ssl_certificate_key ${key}; ssl_session_cache shared:bench:8m; ssl_protocols TLSv1.2 TLSv1.3;
    location ~ /1k$ { return 200 '${ONE_KIB.toString()}'; }
    location ~ /(?<name>100k|10m)$ { alias ${home}/$name; }
    location ~ /upload$ { return 200; }
    location / { return 404; }
  }
}
`;
}
