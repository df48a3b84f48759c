import { readFileSync } from 'node:fs';

/** The version of this Breakwater, from its package manifest, which stands two folders up both in a checkout and in the built package. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown';
}
