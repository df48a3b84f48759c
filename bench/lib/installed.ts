import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where a program is: on the path, or in one of the places for administrators' programs. Undefined where it is not installed. */
export function installed(name: string): string | undefined {
  const places = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin'];
  return places.map((place) => join(place, name)).find(isProgram);
}

/** True if this file can be run. */
export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The first version number in what a program says of itself. */
export function versionOf(command: string, ...rest: string[]): string {
  const { stdout, stderr } = spawnSync(command, rest, { encoding: 'utf8' });
  return /\d+\.\d+(\.\d+)*/.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown';
}
