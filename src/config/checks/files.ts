import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { whyUnreadable } from '../read.ts';
import type { Config } from '../schema.ts';
import { type Path, type Tree, treeAt } from '../tree.ts';
import type { CheckContext } from './context.ts';

/** Files that the configuration names have to be there; paths are taken from the directory of the file that names them. */
export function checkFiles(context: CheckContext): void {
  for (const { upstream, path } of context.upstreams) checkPem(context, [...path, 'tls', 'ca'], upstream.tls?.ca, CA);
  checkPem(context, EGRESS_CA, context.config.egress.ca, CA);
  const { tls } = context.config.cache.redis;
  const at = ['cache', 'redis', 'tls'];
  checkPem(context, [...at, 'ca'], tls?.ca, CA);
  checkPem(context, [...at, 'cert'], tls?.cert, { what: 'certificate file', holds: 'certificate', begin: 'CERTIFICATE-----' });
  checkPem(context, [...at, 'key'], tls?.key, { what: 'key file', holds: 'private key', begin: 'PRIVATE KEY-----' });
}

const EGRESS_CA = ['egress', 'ca'];
const CA = { what: 'CA file', holds: 'certificate', begin: '-----BEGIN CERTIFICATE-----' };

function checkPem(context: CheckContext, at: Path, file: string | undefined, { what, holds, begin }: typeof CA): void {
  if (file === undefined) return;
  const text = read(absolute(context.tree, at, file));
  if (typeof text !== 'string') context.report(at, `the ${what} ${context.shown(at)} ${whyUnreadable(text)}`);
  else if (!text.includes(begin)) context.report(at, `the ${what} ${context.shown(at)} holds no ${holds} in PEM`);
}

function read(file: string): string | NodeJS.ErrnoException {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

/** The CA files that a configuration names for its connections to upstreams, absolute: of one that does not fit too, since they may be what is wrong with it. */
export function caFiles(tree: Tree): string[] {
  const upstreams = treeAt(tree, ['upstreams']);
  const names = upstreams?.kind === 'map' ? [...upstreams.entries.keys()] : [];
  return filesAt(tree, [EGRESS_CA, ...names.map((name) => ['upstreams', name, 'tls', 'ca'])]);
}

/** The other files that have to be there, absolute. They are read at the start alone. */
export function storeFiles(tree: Tree): string[] {
  return filesAt(
    tree,
    ['ca', 'cert', 'key'].map((key) => ['cache', 'redis', 'tls', key]),
  );
}

function filesAt(tree: Tree, paths: readonly Path[]): string[] {
  return paths.flatMap((path) => {
    const file = treeAt(tree, path);
    return file?.kind === 'scalar' && typeof file.value === 'string' ? [absolute(tree, path, file.value)] : [];
  });
}

/** The same configuration with its paths absolute. */
export function withAbsolutePaths(config: Config, tree: Tree): Config {
  const upstreams = Object.entries(config.upstreams).map(([name, upstream]): [string, typeof upstream] => {
    if (upstream.tls?.ca === undefined) return [name, upstream];
    return [name, { ...upstream, tls: { ...upstream.tls, ca: absolute(tree, ['upstreams', name, 'tls', 'ca'], upstream.tls.ca) } }];
  });
  const intercept = { ...config.intercept, ca: absolute(tree, ['intercept', 'ca'], config.intercept.ca) };
  const { ca } = config.egress;
  const egress = ca === undefined ? config.egress : { ...config.egress, ca: absolute(tree, EGRESS_CA, ca) };
  return { ...config, intercept, egress, cache: absoluteStore(config.cache, tree), upstreams: Object.fromEntries(upstreams) };
}

function absoluteStore(cache: Config['cache'], tree: Tree): Config['cache'] {
  const sqlite = { file: absolute(tree, ['cache', 'sqlite', 'file'], cache.sqlite.file) };
  const { tls } = cache.redis;
  if (tls === undefined) return { ...cache, sqlite };
  const of = (key: 'ca' | 'cert' | 'key'): string | undefined =>
    tls[key] === undefined ? undefined : absolute(tree, ['cache', 'redis', 'tls', key], tls[key]);
  return { ...cache, sqlite, redis: { ...cache.redis, tls: { ...tls, ca: of('ca'), cert: of('cert'), key: of('key') } } };
}

function absolute(tree: Tree, path: Path, file: string): string {
  const source = treeAt(tree, path)?.at.file ?? tree.at.file;
  return resolve(dirname(source), file);
}
