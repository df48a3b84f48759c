import { STATUS_OF } from '../../model/failure.ts';
import type { UpstreamConfig } from '../schema.ts';
import { nearest } from '../suggest.ts';
import type { Path } from '../tree.ts';
import type { CheckContext } from './context.ts';

type Block = CheckContext['blocks'][number];

/** Settings that name or need others: these have to be there. */
export function checkReferences(context: CheckContext): void {
  for (const { upstream, path } of context.upstreams) {
    const blocks = context.blocks.filter((block) => path.every((step, at) => block.path[at] === step));
    const codes = [...Object.keys(STATUS_OF), ...blocks.flatMap(({ settings }) => (settings.classify ?? []).flatMap((rule) => rule.code ?? []))];
    for (const block of blocks) {
      checkHeldCodes(context, block, codes);
      checkStaleStep(context, block, upstream);
    }
    checkInvalidatedTags(context, path, upstream, blocks);
  }
}

/** What holds a pace back is a name from classify, a failure code or a status. */
function checkHeldCodes(context: CheckContext, { settings, path }: Block, known: readonly string[]): void {
  for (const [rule, pace] of (settings.pace ?? []).entries()) {
    for (const [index, code] of (pace.hold?.codes ?? []).entries()) {
      if (known.includes(code) || /^[1-5]\d\d$/.test(code)) continue;
      const near = nearest(code, known);
      const hint = near === undefined ? 'a code of a classify rule, a failure code or a status' : `did you mean ${near}?`;
      context.report([...path, 'pace', rule, 'hold', 'codes', index], `nothing is called ${JSON.stringify(code)}`, hint);
    }
  }
}

/** A stale answer can only come from a cache that keeps it, and gives it. */
function checkStaleStep(context: CheckContext, { settings, path }: Block, upstream: UpstreamConfig): void {
  const missing = missingForStale({ ...upstream.cache, ...settings.cache });
  for (const [index, step] of (settings.fallback?.steps ?? []).entries()) {
    if (step.stale !== true || missing === undefined || (path.length === 2 && anyRouteKeeps(upstream))) continue;
    context.report([...path, 'fallback', 'steps', index, 'stale'], ...missing);
  }
}

/** Why a cache has no stale answer to give, and what helps. */
function missingForStale({ enabled, mode, staleIfError }: NonNullable<UpstreamConfig['cache']>): [problem: string, hint: string] | undefined {
  if (enabled === false) return ['no stale answer is kept here', 'the cache is off: remove cache.enabled'];
  if (mode === 'observe') return ['no stale answer is given here', 'the cache only watches: remove cache.mode'];
  return staleIfError === undefined ? ['no stale answer is kept here', 'write cache.staleIfError'] : undefined;
}

function anyRouteKeeps(upstream: UpstreamConfig): boolean {
  return (upstream.routes ?? []).some(({ cache }) => cache !== undefined && missingForStale({ ...upstream.cache, ...cache }) === undefined);
}

/**
 * A tag that a write drops has to be one that a read is given. Where tables are named, their tags are there without being written;
 * placeholders may come to any text. */
function checkInvalidatedTags(context: CheckContext, path: Path, upstream: UpstreamConfig, blocks: readonly Block[]): void {
  const given = blocks.flatMap(({ settings }) => settings.cache?.tags ?? []);
  for (const [route, { invalidate }] of (upstream.routes ?? []).entries()) {
    for (const [index, tag] of (invalidate?.tags ?? []).entries()) {
      if (upstream.tables !== undefined || given.some((other) => other === tag || other.includes('{') || tag.includes('{'))) continue;
      const near = nearest(tag, given);
      const hint = near === undefined ? 'write cache.tags on the route that reads' : `did you mean ${near}?`;
      context.report([...path, 'routes', route, 'invalidate', 'tags', index], `no route gives its answers the tag ${JSON.stringify(tag)}`, hint);
    }
  }
}
