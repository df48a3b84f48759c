import { STATUS_OF } from '../../model/failure.ts';
import { routesOf } from '../effective.ts';
import type { BulkheadConfig, CacheConfig, ClassifyRule, InvalidateConfig, PrefetchConfig, RouteConfig, UpstreamConfig } from '../schema.ts';
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
    for (const [index, { hold }] of (settings.pace ?? []).entries()) checkOrder(context, [...path, 'pace', index, 'hold'], hold, 'base', 'max');
    for (const [index, { delay }] of (settings.faults ?? []).entries()) {
      if (typeof delay === 'object') checkOrder(context, [...path, 'faults', index, 'delay'], delay, 'min', 'max');
    }
    checkHedge(context, path, settings);
    checkBulkhead(context, [...path, 'bulkhead'], settings.bulkhead);
    checkCache(context, [...path, 'cache'], settings.cache);
    checkStatuses(context, [...path, 'errors'], settings.errors);
    for (const [index, rule] of (settings.classify ?? []).entries()) checkCompared(context, [...path, 'classify', index], rule);
  }
  for (const { upstream, path } of context.upstreams) {
    checkRoutes(context, path, upstream);
    checkBreakerGroups(context, path, upstream);
    checkPrefetch(context, [...path, 'prefetch'], upstream.prefetch);
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

/** A hedge that would go out after its first attempt has been given up is never sent. */
function checkHedge(context: CheckContext, path: Path, { hedge, timeouts }: Pick<UpstreamConfig, 'hedge' | 'timeouts'>): void {
  const after = hedge?.after;
  const limit = Math.min(timeouts?.headers ?? Infinity, timeouts?.attempt ?? Infinity);
  if (typeof after !== 'number' || after < limit) return;
  context.report(
    [...path, 'hedge', 'after'],
    `after (${formatDuration(after)}) can never pass: the first attempt is given up at ${formatDuration(limit)}`,
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

const LONGEST_AHEAD_MS = 60_000;
const MOST_AHEAD_BYTES = 16 * 1024 * 1024;

function checkPrefetch(context: CheckContext, path: Path, prefetch: PrefetchConfig | undefined): void {
  const { within, maxEntry } = prefetch ?? {};
  if (within !== undefined && within > LONGEST_AHEAD_MS)
    context.report(
      [...path, 'within'],
      `within (${formatDuration(within)}) is too long for an answer that nobody has asked about`,
      'a minute at most; write cache.ttl to keep rows longer',
    );
  if (maxEntry !== undefined && maxEntry > MOST_AHEAD_BYTES)
    context.report([...path, 'maxEntry'], 'is more than all answers that wait may have together', '16MiB at most');
  if (prefetch === undefined || prefetch.enabled === false || prefetch.learn !== false || (prefetch.chains ?? []).length > 0) return;
  context.report([...path, 'learn'], 'nothing is asked for without chains', 'write prefetch.chains, or leave learn out');
}

function checkBulkhead(context: CheckContext, path: Path, bulkhead: BulkheadConfig | undefined): void {
  const { queue, concurrent, adaptive } = bulkhead ?? {};
  if (queue !== undefined && concurrent === undefined && adaptive === undefined) {
    context.reportKey([...path, 'queue'], 'a queue needs a limit of what runs at once', 'write bulkhead.concurrent');
  }
  const { min, max } = adaptive ?? {};
  if (min !== undefined && max !== undefined && min > max) context.report([...path, 'adaptive', 'min'], `min (${min}) is above max (${max})`);
}

function checkCache(context: CheckContext, path: Path, cache: CacheConfig | undefined): void {
  if (cache?.ignoreOrigin === true && cache.ttl === undefined && path.length === 3) {
    context.reportKey([...path, 'ignoreOrigin'], 'needs a ttl to put in the place of what the origin says', 'write cache.ttl');
  }
}

/** Without a value to compare, a rule for one error would judge all of them by it: a message that failed would count as refused, and go out again. */
function checkCompared(context: CheckContext, path: Path, rule: ClassifyRule): void {
  if (rule.json !== undefined || rule.header !== undefined) return;
  for (const key of ['in', 'matches'] as const) {
    if (rule[key] === undefined) continue;
    const message = 'compares a value that the rule does not name, so it would match every error';
    context.reportKey([...path, key], message, 'write json: PATH or header: NAME');
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
    checkCachedMethods(context, at, route);
  }
}

/** Who names a group wants its breaker, and cannot have it with other settings. Where a preset names it, the route has a breaker of its own. */
function checkBreakerGroups(context: CheckContext, path: Path, upstream: UpstreamConfig): void {
  const named = routesOf('', upstream);
  for (const [index, { breaker }] of (upstream.routes ?? []).entries()) {
    const at = [...path, 'routes', index, 'breaker', 'group'];
    const group = breaker?.group;
    if (group === undefined || breaker?.enabled === false || named[index]?.breaker?.group === group || !context.isOwn(at)) continue;
    context.report(
      at,
      `the breaker of this route has other settings than the rest of the group ${group}`,
      'write the same on each of its routes, or leave group out: the route then has a breaker of its own',
    );
  }
}

function checkInvalidate(context: CheckContext, path: Path, invalidate: InvalidateConfig | undefined): void {
  if (invalidate?.none !== true) return;
  for (const key of ['all', 'tags'] as const) {
    if (invalidate[key] !== undefined && invalidate[key] !== false) context.reportKey([...path, key], 'contradicts none: true, which drops nothing');
  }
}

/** Only GET and HEAD are answered from the cache. */
function checkCachedMethods(context: CheckContext, path: Path, { cache, match }: RouteConfig): void {
  if (cache === undefined || cache.enabled === false || match.method === undefined) return;
  if (match.method.some((method) => method === 'GET' || method === 'HEAD')) return;
  context.reportKey([...path, 'cache'], `only GET and HEAD are cached, and this route takes ${match.method.join(', ')}`);
}
