import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { whyUnreadable } from '../read.ts';
import type { Config } from '../schema.ts';
import { type Path, type Tree, treeAt } from '../tree.ts';
import type { CheckContext } from './context.ts';

/** Files that the configuration names have to be there; paths are taken from the directory of the file that names them. */
export function checkFiles(context: CheckContext): void {
  for (const { upstream, path } of context.upstreams) {
    const at = [...path, 'tls', 'ca'];
    if (upstream.tls?.ca === undefined) continue;
    const text = read(absolute(context.tree, at, upstream.tls.ca));
    if (typeof text !== 'string') context.report(at, `the CA file ${context.shown(at)} ${whyUnreadable(text)}`);
    else if (!text.includes('-----BEGIN CERTIFICATE-----')) context.report(at, `the CA file ${context.shown(at)} holds no certificate in PEM`);
  }
}

function read(file: string): string | NodeJS.ErrnoException {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

/** The same configuration with its paths absolute, and the files of the upstreams that a reload has to watch. */
export function withAbsolutePaths(config: Config, tree: Tree): { config: Config; files: string[] } {
  const files: string[] = [];
  const upstreams = Object.entries(config.upstreams).map(([name, upstream]): [string, typeof upstream] => {
    if (upstream.tls?.ca === undefined) return [name, upstream];
    const ca = absolute(tree, ['upstreams', name, 'tls', 'ca'], upstream.tls.ca);
    files.push(ca);
    return [name, { ...upstream, tls: { ...upstream.tls, ca } }];
  });
  const intercept = { ...config.intercept, ca: absolute(tree, ['intercept', 'ca'], config.intercept.ca) };
  return { config: { ...config, intercept, upstreams: Object.fromEntries(upstreams) }, files };
}

function absolute(tree: Tree, path: Path, file: string): string {
  const source = treeAt(tree, path)?.at.file ?? tree.at.file;
  return resolve(dirname(source), file);
}
