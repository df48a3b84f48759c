import { join } from 'node:path';
import { installed, versionOf } from '../lib/installed.ts';
import { type Contender, configured, home, startOn } from './contender.ts';

/** Varnish: hits from memory, or everything passed. It speaks no TLS to origins. */
export const varnish: Contender = {
  name: 'varnish',
  title: 'hits from memory, or return (pass)',
  modes: ['reverse', 'cache'],
  missing: () => (installed('varnishd') === undefined ? 'apt-get install varnish' : undefined),
  version: () => versionOf('varnishd', '-V'),
  start: (setup) => {
    const directory = home(setup, 'varnish');
    const pass = setup.mode === 'cache' ? '' : 'sub vcl_recv { return (pass); }';
    const vcl = configured(directory, 'bench.vcl', `vcl 4.1;\nbackend origin { .host = "127.0.0.1"; .port = "${setup.upstream.port}"; }\n${pass}\n`);
    const command = (port: number): string[] => {
      return [
        'varnishd',
        '-F',
        '-j',
        'none',
        '-a',
        `127.0.0.1:${port}`,
        '-f',
        vcl,
        '-n',
        join(directory, 'work'),
        '-s',
        'malloc,64m',
        '-p',
        'thread_pools=1',
      ];
    };
    return startOn(command, directory);
  },
};
