import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The presets that are used where there is no configuration file, by the upstream's name. */
export const STANDARD_UPSTREAMS: Readonly<Record<string, string>> = { whatsapp: 'whatsapp-cloud', gemini: 'gemini', supabase: 'supabase' };

/** The directory `config/` of this package: above the sources as well as above what is built from them. */
export function packageConfigDirectory(from: string = import.meta.dirname): string {
  const candidate = join(from, 'config');
  if (existsSync(join(candidate, 'presets'))) return candidate;
  const parent = dirname(from);
  if (parent === from) throw new Error('the package is incomplete: config/presets is missing');
  return packageConfigDirectory(parent);
}

/** Names of the presets that come with Breakwater. */
export function presetNames(): string[] {
  return readdirSync(join(packageConfigDirectory(), 'presets'))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => name.slice(0, -'.yaml'.length))
    .toSorted();
}

/** The file of a preset that comes with Breakwater. */
export function presetFile(name: string): string {
  return join(packageConfigDirectory(), 'presets', `${name}.yaml`);
}
