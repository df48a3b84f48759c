import { STATUS_OF } from '../../model/failure.ts';
import type { CacheConfig, InvalidateConfig, RouteConfig, UpstreamConfig } from '../schema.ts';
import { nearest } from '../suggest.ts';
import type { Path } from '../tree.ts';
import { formatDuration } from '../units.ts';
import type { CheckContext } from './context.ts';

/** Settings that are right one by one and impossible together. Compared within one block: what cascades is decided by the nearest block. */
export function checkCombinations(context: CheckContext): void {
  for (const { settings, path } of context.blocks) {
    checkTimeouts(context, path, settings.timeouts, settings.streaming ?? false);
    checkOrder(context, [...path, 'retry', 'backoff'], settings.retry?.backoff, 'base', 'max');
    checkOrder(context, [...path, 'breaker'], settings.breaker, 'openFor', 'openMax');
    checkCache(context, [...path, 'cache'], settings.cache);
    checkStatuses(context, [...path, 'errors'], settings.errors);
  }
  for (const { upstream, path } of context.upstreams) {
    if (upstream.bulkhead?.queue !== undefined && upstream.bulkhead.concurrent === undefined) {
      context.reportKey([...path, 'bulkhead', 'queue'], 'a queue needs a limit of what runs at once', 'write bulkhead.concurrent');
    }
    checkRoutes(context, path, upstream);
  }
}

function checkTimeouts(context: CheckContext, path: Path, timeouts: UpstreamConfig['timeouts'], streaming: boolean): void {
  const { total, connect, attempt } = timeouts ?? {};
  if (total === undefined) return;
  if (connect !== undefined && connect > total) tooLong(context, path, 'connect', connect, total);
  if (attempt !== undefined && attempt >= total && !streaming) tooLong(context, path, 'attempt', attempt, total);
}

/** Told where the user can change it: the limit, or `total` where the limit is the preset's. */
function tooLong(context: CheckContext, path: Path, key: 'connect' | 'attempt', limit: number, total: number): void {
  const at = [...path, 'timeouts'];
  const blamed = context.isOwn([...at, key]) || !context.isOwn([...at, 'total']) ? key : 'total';
  const hint = key === 'attempt' ? 'an attempt has to be shorter than total, or left out' : 'lower connect or raise total';
  context.report(
    [...at, blamed],
    `${key} (${formatDuration(limit)}) can never pass: total (${formatDuration(total)}) ends everything before it`,
    hint,
  );
}

function checkOrder<Key extends string>(
  context: CheckContext,
  path: Path,
  settings: { [key in Key]?: unknown } | undefined,
  lower: Key,
  upper: Key,
): void {
  const [least, most] = [settings?.[lower], settings?.[upper]];
  if (typeof least !== 'number' || typeof most !== 'number' || least <= most) return;
  context.report([...path, lower], `${lower} (${formatDuration(least)}) is above ${upper} (${formatDuration(most)})`);
}

function checkCache(context: CheckContext, path: Path, cache: CacheConfig | undefined): void {
  if (cache?.ignoreOrigin === true && cache.ttl === undefined && path.length === 3) {
    context.reportKey([...path, 'ignoreOrigin'], 'needs a ttl to put in the place of what the origin says', 'write cache.ttl');
  }
}

/** Keys of `status` are failure codes or statuses, those of `rewrite` statuses. */
function checkStatuses(context: CheckContext, path: Path, errors: UpstreamConfig['errors']): void {
  const codes = Object.keys(STATUS_OF);
  for (const key of Object.keys(errors?.status ?? {})) {
    if (isStatus(key) || codes.includes(key)) continue;
    const near = nearest(key, codes);
    context.reportKey(
      [...path, 'status', key],
      'expected a failure code or a status',
      near === undefined ? `codes: ${codes.join(', ')}` : `did you mean ${near}?`,
    );
  }
  for (const key of Object.keys(errors?.rewrite ?? {})) {
    if (!isStatus(key)) context.reportKey([...path, 'rewrite', key], 'expected a status such as 520');
  }
}

function isStatus(text: string): boolean {
  return /^[1-5]\d\d$/.test(text);
}

function checkRoutes(context: CheckContext, path: Path, upstream: UpstreamConfig): void {
  const names = new Set(['default']);
  for (const [index, route] of (upstream.routes ?? []).entries()) {
    const at = [...path, 'routes', index];
    if (route.name !== undefined && names.has(route.name)) {
      context.report(
        [...at, 'name'],
        `there is a route ${route.name} already`,
        route.name === 'default' ? 'default is what no route matches: set it on the upstream' : undefined,
      );
    }
    if (route.name !== undefined) names.add(route.name);
    checkInvalidate(context, [...at, 'invalidate'], route.invalidate);
    checkTags(context, at, route);
  }
}

function checkInvalidate(context: CheckContext, path: Path, invalidate: InvalidateConfig | undefined): void {
  if (invalidate?.none !== true) return;
  for (const key of ['all', 'tags'] as const) {
    if (invalidate[key] !== undefined && invalidate[key] !== false) context.reportKey([...path, key], 'contradicts none: true, which drops nothing');
  }
}

/** A tag `bucket-{name}` needs a placeholder of that name in every path of its route. */
function checkTags(context: CheckContext, path: Path, route: RouteConfig): void {
  for (const [key, tags] of [
    ['cache', route.cache?.tags],
    ['invalidate', route.invalidate?.tags],
  ] as const) {
    for (const [index, tag] of (tags ?? []).entries()) {
      for (const [, name = ''] of tag.matchAll(/\{([^}]*)\}/g)) {
        const templates = route.match.path ?? [];
        if (templates.length > 0 && templates.every((template) => new RegExp(`\\{${name}[:}]`).test(template))) continue;
        context.report([...path, key, 'tags', index], `there is no placeholder {${name}} in the path of this route`);
      }
    }
  }
}
