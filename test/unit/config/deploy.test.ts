import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';

/** How long whoever stops the sidecar waits before it kills it, in seconds. */
const GRACE: Readonly<Record<string, RegExp>> = {
  'deploy/breakwater.service': /^TimeoutStopSec=(\d+)$/m,
  'deploy/compose.yaml': /^ *stop_grace_period: (\d+)s\b/m,
  'deploy/kubernetes.yaml': /^ *terminationGracePeriodSeconds: (\d+)$/m,
};

function textOf(file: string): string {
  return readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
}

it.each(Object.entries(GRACE))('%s leaves more time than a drain may take', (file, pattern) => {
  const loaded = loadConfig(undefined, {});
  if (!loaded.ok) throw new Error('the presets do not load');
  expect(Number(pattern.exec(textOf(file))?.[1]) * 1000).toBeGreaterThan(loaded.config.drain);
});

it('keeps what Breakwater writes under systemd and in containers in the same folders', () => {
  expect(textOf('deploy/breakwater.service')).toMatch(/^StateDirectory=breakwater breakwater\/ca breakwater\/cache$/m);
  const folders = ['/var/lib/breakwater/ca', '/var/lib/breakwater/cache'];
  expect(/^RUN mkdir -p (\S+) (\S+) && chown/m.exec(textOf('Dockerfile'))?.slice(1)).toEqual(folders);
  const mounted = [...textOf('deploy/compose.yaml').matchAll(/^ *- \w+:(\/var\/lib\S+)/gm)].map(([, folder]) => folder);
  expect(mounted).toEqual(folders);
});
