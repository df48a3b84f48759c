import { hostname } from 'node:os';
import { isLoopbackOnly } from '../../model/loopback.ts';
import { type ParentUrl, parseParent } from '../parent-url.ts';
import { formatPath, type Path } from '../tree.ts';
import type { CheckContext } from './context.ts';
import { checkHostName, type Claim, claimsOf, overlap } from './network.ts';

/** The proxies that upstreams are reached through. Their URLs may hold a password, so no message shows one. */
export function checkEgress(context: CheckContext): void {
  const { proxy, ca, noProxy } = context.config.egress;
  const claims = claimsOf(context);
  const own = context.upstreams.map(({ upstream, path }) => ({
    at: [...path, 'proxy'],
    text: upstream.proxy === 'off' ? undefined : upstream.proxy,
  }));
  const named = [{ at: ['egress', 'proxy'], text: proxy }, ...own].flatMap(({ at, text }) => (text === undefined ? [] : [{ at, text }]));
  for (const { at, text } of named) {
    const parent = parseParent(text);
    if (parent !== undefined) checkLoop(context, at, parent, claims);
    else context.report(at, expectedAt(at), 'in a password, what is no letter or digit is written as %XX');
  }
  for (const [index, host] of noProxy.entries()) checkHostName(context, ['egress', 'noProxy', index], host);
  if (ca !== undefined && !named.some(({ text }) => /^https:/i.test(text)))
    context.reportKey(['egress', 'ca'], 'is for a proxy that is spoken to over TLS, and no https:// proxy is named');
}

function expectedAt(at: Path): string {
  const off = at[0] === 'egress' ? '' : ', or off';
  return `expected http://HOST:PORT or https://HOST:PORT${off} (not shown: it may hold a password)`;
}

/** A parent that is this proxy would call itself without end. */
function checkLoop(context: CheckContext, at: Path, { host, port }: ParentUrl, claims: readonly Claim[]): void {
  const local = host === hostname().toLowerCase() || isLoopbackOnly(host) || host === '0.0.0.0' || host === '::';
  const own = claims.find((claim) => claim.port === port && (claim.host === host || (local && overlap(claim.host, host))));
  if (own === undefined) return;
  const message = `connections would lead back to ${formatPath(context.tree, own.path)} of this proxy`;
  context.report(at, message, 'write the address of the proxy that leads out');
}
