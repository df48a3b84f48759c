import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { whyUnreadable } from '../read.ts';
import type { Config, UpstreamConfig } from '../schema.ts';
import { type Path, type Tree, treeAt } from '../tree.ts';
import type { CheckContext } from './context.ts';
import { checkIdentity } from './identity.ts';

/** Files that the configuration names have to be there; paths are taken from the directory of the file that names them. */
export function checkFiles(context: CheckContext): void {
  for (const { upstream, path } of context.upstreams) checkTls(context, [...path, 'tls'], upstream.tls);
  checkPem(context, EGRESS_CA, context.config.egress.ca, CA);
  const { tls } = context.config.cache.redis;
  const at = ['cache', 'redis', 'tls'];
  checkPem(context, [...at, 'ca'], tls?.ca, CA);
  checkPem(context, [...at, 'cert'], tls?.cert, CERT);
  checkPem(context, [...at, 'key'], tls?.key, KEY);
}

function checkTls(context: CheckContext, at: Path, tls: UpstreamConfig['tls']): void {
  checkPem(context, [...at, 'ca'], tls?.ca, CA);
  const cert = checkPem(context, [...at, 'cert'], tls?.cert, CERT);
  const key = checkPem(context, [...at, 'key'], tls?.key, KEY);
  if (cert !== undefined && key !== undefined) checkIdentity(context, at, { cert, key, passphrase: tls?.passphrase });
  if ((tls?.cert === undefined) !== (tls?.key === undefined)) context.reportKey(at, 'cert and key come together', 'write both, or neither');
  else if (tls?.passphrase !== undefined && tls.key === undefined) context.reportKey([...at, 'passphrase'], 'is for a key', 'write key and cert');
}

/** Keys of a block about TLS that name a file. */
const TLS_FILES = ['ca', 'cert', 'key'] as const;
const EGRESS_CA = ['egress', 'ca'];
const CA = { what: 'CA file', holds: 'certificate', begin: '-----BEGIN CERTIFICATE-----' };

const CERT = { what: 'certificate file', holds: 'certificate', begin: 'CERTIFICATE-----' };
const KEY = { what: 'key file', holds: 'private key', begin: 'PRIVATE KEY-----' };

/** What is in a file, where there is one and it can be what it has to be. */
function checkPem(context: CheckContext, at: Path, file: string | undefined, { what, holds, begin }: typeof CA): string | undefined {
  if (file === undefined) return undefined;
  // shown, it would be a private key in the log
  if (/\n|-----BEGIN/.test(file)) {
    context.report(at, `expected the name of a ${what}, got what such a file holds, which is not shown`);
    return undefined;
  }
  const text = read(absolute(context.tree, at, file));
  if (typeof text !== 'string') context.report(at, `the ${what} ${context.shown(at)} ${whyUnreadable(text)}`);
  else if (!text.includes(begin)) context.report(at, `the ${what} ${context.shown(at)} holds no ${holds} in PEM`);
  else return text;
  return undefined;
}

function read(file: string): string | NodeJS.ErrnoException {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

/** The files that a configuration names for its connections to upstreams, absolute: of one that does not fit too, since they may be what is wrong with it. */
export function tlsFiles(tree: Tree): string[] {
  const upstreams = treeAt(tree, ['upstreams']);
  const names = upstreams?.kind === 'map' ? [...upstreams.entries.keys()] : [];
  return filesAt(tree, [EGRESS_CA, ...names.flatMap((name) => TLS_FILES.map((key) => ['upstreams', name, 'tls', key]))]);
}

/** The other files that have to be there, absolute. They are read at the start alone. */
export function storeFiles(tree: Tree): string[] {
  return filesAt(
    tree,
    TLS_FILES.map((key) => ['cache', 'redis', 'tls', key]),
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
    return [name, upstream.tls === undefined ? upstream : { ...upstream, tls: absoluteTls(upstream.tls, ['upstreams', name, 'tls'], tree) }];
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
  return { ...cache, sqlite, redis: { ...cache.redis, tls: absoluteTls(tls, ['cache', 'redis', 'tls'], tree) } };
}

function absoluteTls<Tls extends { readonly [Key in (typeof TLS_FILES)[number]]?: string | undefined }>(tls: Tls, at: Path, tree: Tree): Tls {
  const named = TLS_FILES.flatMap((key) => (tls[key] === undefined ? [] : [[key, absolute(tree, [...at, key], tls[key])]]));
  return { ...tls, ...Object.fromEntries(named) };
}

function absolute(tree: Tree, path: Path, file: string): string {
  const source = treeAt(tree, path)?.at.file ?? tree.at.file;
  return resolve(dirname(source), file);
}
