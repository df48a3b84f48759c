import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installed, isProgram, versionOf } from '../lib/installed.ts';
import { type Contender, configured, home, type Setup, startOn } from './contender.ts';

const CERTGEN = '/usr/lib/squid/security_file_certgen';

/** Squid: as accelerator (misses, or hits from memory), or with ssl-bump for interception. */
export const squid: Contender = {
  name: 'squid',
  title: 'accelerator without cache, memory cache for hits, ssl-bump for interception',
  modes: ['reverse', 'cache', 'intercept'],
  missing: () => (installed('squid') === undefined || !isProgram(CERTGEN) ? 'apt-get install squid-openssl' : undefined),
  version: () => versionOf('squid', '-v'),
  start: (setup) => {
    // Squid gives up root for a user of its own, who has to be able to read here
    const directory = home(setup, 'squid');
    chmodSync(setup.directory, 0o755);
    chmodSync(directory, 0o777);
    if (setup.mode === 'intercept') makeCertificateStore(join(directory, 'certificates'));
    // the service name keeps its shared memory apart from that of another Squid
    const command = (port: number): string[] => [
      'squid',
      '-N',
      '-n',
      `bench${port}`,
      '-f',
      configured(directory, 'squid.conf', configOf(setup, directory, port)),
    ];
    return startOn(command, directory);
  },
};

function makeCertificateStore(directory: string): void {
  execFileSync(CERTGEN, ['-c', '-s', directory, '-M', '4MB'], { stdio: 'pipe' });
  for (const file of ['', ...readdirSync(directory)]) chmodSync(join(directory, file), 0o777);
}

function configOf(setup: Setup, directory: string, port: number): string {
  const listen = setup.mode === 'intercept' ? intercepting(setup, directory, port) : accelerating(setup, port);
  const cache = setup.mode === 'cache' ? 'cache_mem 64 MB\nmemory_cache_mode always\nmaximum_object_size_in_memory 1 MB' : 'cache deny all';
  return `${listen}
${cache}
http_access allow all
access_log none
cache_log ${directory}/cache.log
cache_store_log none
pid_filename none
coredump_dir none
cache_effective_user proxy
memory_cache_shared off
workers 1
shutdown_lifetime 0 seconds
pinger_enable off
max_filedescriptors 16384
visible_hostname localhost
`;
}

function accelerating({ upstream, certificates }: Setup, port: number): string {
  const tls = upstream.scheme === 'https' ? ` tls sslcafile=${certificates.ca} ssldomain=localhost` : '';
  return `http_port 127.0.0.1:${port} accel defaultsite=localhost no-vhost
cache_peer 127.0.0.1 parent ${upstream.port} 0 no-query no-digest originserver name=origin${tls}
never_direct allow all`;
}

function intercepting({ certificates }: Setup, directory: string, port: number): string {
  return `http_port 127.0.0.1:${port} ssl-bump tls-cert=${certificates.caBoth} generate-host-certificates=on dynamic_cert_mem_cache_size=4MB
sslcrtd_program ${CERTGEN} -s ${directory}/certificates -M 4MB
sslcrtd_children 1
tls_outgoing_options cafile=${certificates.ca}
ssl_bump bump all`;
}
