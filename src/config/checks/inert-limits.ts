import { isOn, type RouteSettings, routesOf } from '../effective.ts';
import type { TimeoutsConfig, UpstreamConfig } from '../schema.ts';
import type { Path } from '../tree.ts';
import { formatDuration } from '../units.ts';
import type { CheckContext } from './context.ts';

/** Tells of limits that are right one by one and can never act, since another ends the wait before. */
export function checkInertLimits(context: CheckContext): void {
  for (const { name, upstream, path } of context.upstreams) {
    const blocks = [...(upstream.routes ?? []), upstream];
    for (const [index, settings] of routesOf(name, upstream).entries()) {
      const block = blocks[index];
      if (block !== undefined) checkLimits(context, block === upstream ? path : [...path, 'routes', index], block, settings);
    }
  }
}

type Bound = 'headers' | 'attempt' | 'total';

const WITHIN_ATTEMPT = ['attempt', 'total'] as const;
/** Phases, and what else ends the wait for them. `idle` is none of them: it holds after an upgrade too, where nothing else does. */
const PHASES = {
  queue: ['total'],
  dns: WITHIN_ATTEMPT,
  tls: WITHIN_ATTEMPT,
  send: WITHIN_ATTEMPT,
  headers: WITHIN_ATTEMPT,
} as const satisfies Partial<Record<keyof TimeoutsConfig, readonly Bound[]>>;

/** The limits that a block itself sets, held against those that are in force there. */
function checkLimits(context: CheckContext, path: Path, block: Pick<UpstreamConfig, 'timeouts' | 'breaker' | 'hedge'>, inForce: RouteSettings): void {
  const { timeouts = {}, breaker, hedge } = block;
  const check = (keys: Path, limit: unknown, bounds: readonly Bound[]): void =>
    checkLimit(context, [...path, ...keys], limit, { inForce: inForce.timeouts, bounds });
  for (const phase of Object.keys(PHASES) as (keyof typeof PHASES)[]) check(['timeouts', phase], timeouts[phase], PHASES[phase]);
  const answering: readonly Bound[] = inForce.retry?.patientLast === true ? ['total'] : ['headers', ...WITHIN_ATTEMPT];
  if (isOn(breaker)) check(['breaker', 'slowCall', 'after'], breaker.slowCall?.after, answering);
  if (isOn(hedge)) check(['hedge', 'after'], hedge.after, answering);
}

/** A preset's own is told nowhere: whoever lowers what ends it wants just that. */
function checkLimit(
  context: CheckContext,
  path: Path,
  limit: unknown,
  { inForce, bounds }: { readonly inForce: TimeoutsConfig; readonly bounds: readonly Bound[] },
): void {
  if (typeof limit !== 'number' || !context.isOwn(path)) return;
  const [first, ...others] = bounds;
  if (first === undefined) return;
  const soonest = others.reduce<Bound>((least, other) => ((inForce[other] ?? Infinity) < (inForce[least] ?? Infinity) ? other : least), first);
  const end = inForce[soonest] ?? Infinity;
  if (limit < end) return;
  context.note(path, `${String(path.at(-1))} (${formatDuration(limit)}) can never pass: ${soonest} (${formatDuration(end)}) ends the wait before`);
}
