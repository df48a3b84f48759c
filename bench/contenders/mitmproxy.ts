import { installed, versionOf } from '../lib/installed.ts';
import { type Contender, home, originUrl, startOn } from './contender.ts';

/** mitmproxy, without its screen. */
export const mitmproxy: Contender = {
  name: 'mitmproxy',
  title: 'mitmdump -q, reverse or regular mode',
  modes: ['reverse', 'intercept'],
  missing: () => (installed('mitmdump') === undefined ? 'apt-get install mitmproxy' : undefined),
  version: () => versionOf('mitmdump', '--version'),
  start: (setup) => {
    const directory = home(setup, 'mitmproxy');
    const trust = ['--set', `confdir=${directory}`, '--set', `ssl_verify_upstream_trusted_ca=${setup.certificates.ca}`, '--set', 'flow_detail=0'];
    // it keeps bodies until they are whole, unless told
    if (setup.interactive) trust.push('--set', 'stream_large_bodies=1');
    const mode = setup.mode === 'reverse' ? ['--mode', `reverse:${originUrl(setup)}`] : [];
    return startOn((port) => ['mitmdump', '-q', '--listen-host', '127.0.0.1', '-p', String(port), ...mode, ...trust], directory);
  },
};
