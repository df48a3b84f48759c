import type { RouteSettings } from '../../config/effective.ts';
import type { UpstreamConfig } from '../../config/schema.ts';
import { formatDuration, formatRate } from '../../config/units.ts';
import { describeFault } from '../../policy/route-layers.ts';

/** Words for the settings of a layer, by its name in the pipeline. Values that are not set are told with what holds instead. */
export function layerWords(name: string, settings: RouteSettings, upstream: UpstreamConfig): string {
  return WORDS[name]?.(settings, upstream) ?? '';
}

type Words = (settings: RouteSettings, upstream: UpstreamConfig) => string;

const time = (ms: number | undefined, instead = 'unbounded'): string => (ms === undefined || ms === Infinity ? instead : formatDuration(ms));

const list = (...words: (string | false | undefined)[]): string =>
  words.filter((word) => word !== undefined && word !== false && word !== '').join(', ');

const observed = (policy: { readonly mode?: 'enforce' | 'observe' | undefined } | undefined): string =>
  policy?.mode === 'observe' ? 'OBSERVED ONLY: counts what it would have done' : '';

const WORDS: Readonly<Record<string, Words>> = {
  patience: ({ patience }) => list(`no retry starts ${time(patience?.margin ?? 250)} before clients are known to leave`, observed(patience)),
  deadline: ({ timeouts, streaming }) =>
    list(
      `total ${time(timeouts.total)}${streaming ? ' up to the head of the answer' : ''}`,
      timeouts.deadlineHeader !== undefined && `lowered by ${timeouts.deadlineHeader}`,
    ),
  refresh: ({ timeouts }) => `total ${time(timeouts.total)} for what no client waits for, whatever ${timeouts.deadlineHeader ?? ''} says`,
  answer: ({ errors, upstream }) =>
    list(
      `errors as ${errors.dialect ?? 'problem'}, codes ${errors.code ?? upstream.replaceAll('-', '_')}_*`,
      errors.rewrite !== undefined &&
        `statuses rewritten: ${Object.entries(errors.rewrite)
          .map(([from, to]) => `${from} to ${to}`)
          .join(' ')}`,
    ),
  fallback: ({ fallback }) =>
    list(
      (fallback?.steps ?? []).map((step, i) => step.name ?? (step.stale ? 'stale' : (step.status ?? `step ${i + 1}`))).join(', then '),
      observed(fallback),
    ),
  resend: ({ resend }) =>
    list(
      `the same request within ${time(resend?.window ?? 30_000)} gets the first one's answer if its client does not have it`,
      `a call goes on ${time(resend?.lateAnswer ?? 30_000)} past its time`,
      resend?.onUnknown === 'hold' && 'held back where nothing is known',
      observed(resend),
    ),
  prefetch: (_settings, { prefetch }) =>
    list(
      prefetch?.learn === false ? '' : 'learns what follows',
      (prefetch?.chains ?? []).length > 0 && `follows after ${prefetch?.chains?.map(({ after }) => after).join(' and ') ?? ''}`,
      `an answer waits ${time(prefetch?.within ?? 3000)}`,
      observed(prefetch),
    ),
  cache: ({ cache }) =>
    list(
      cache?.ttl === undefined ? 'as long as the origin says' : `fresh for ${time(cache.ttl)}`,
      cache?.staleIfError !== undefined && `stale for ${time(cache.staleIfError)} when the upstream fails`,
      cache?.staleWhileRevalidate !== undefined && `stale for ${time(cache.staleWhileRevalidate)} while it is asked again`,
    ),
  pacing: ({ pace }) =>
    pace
      .map((one) =>
        list(
          `${formatRate(one.rate)} per ${one.key?.join(' and ') ?? 'route'}`,
          one.burst !== undefined && `burst ${one.burst}`,
          `waits up to ${time(one.maxWait ?? 5000)}`,
          observed(one),
        ),
      )
      .join('; '),
  'route bulkhead': ({ bulkhead }) => list(`${bulkhead?.concurrent ?? 'adaptive'} at once, ${bulkhead?.queue ?? 0} may wait`, observed(bulkhead)),
  bulkhead: () => 'the places of the upstream, shared by its routes',
  resume: ({ resume }) => list(`gives up after ${resume?.attempts ?? 3} tries without a byte`, observed(resume)),
  retry: ({ retry }) =>
    list(
      `${retry?.attempts ?? 3} attempts in all`,
      `waits ${retry?.backoff?.jitter === 'none' ? '' : 'up to '}${time(retry?.backoff?.base ?? 100)}, doubling to ${time(retry?.backoff?.max ?? 2000)}`,
      retry?.refused === true ? `what was refused too, after at most ${time(retry.maxWait)}` : 'not what was refused',
      `budget ${Math.round((retry?.budget?.ratio ?? 0.2) * 100)} % and ${retry?.budget?.minPerSecond ?? 3}/s`,
      observed(retry),
    ),
  hedge: ({ hedge }) =>
    list(
      `another attempt after ${typeof hedge?.after === 'number' ? time(hedge.after) : (hedge?.after ?? 'p95')}, at most ${hedge?.max ?? 1}`,
      observed(hedge),
    ),
  'pace reports': ({ pace }) => pace.flatMap(({ hold }) => (hold === undefined ? [] : [`rests on ${hold.codes.join(' or ')}`])).join('; '),
  quota: ({ quota }) => list(`per ${(quota?.scope ?? ['authority', 'credential', 'model']).join(' and ')}`, observed(quota)),
  breaker: ({ breaker }) =>
    list(
      `opens after ${breaker?.consecutive ?? 5} failures in a row${breaker?.ratio === undefined ? '' : ` or ${breaker.ratio * 100} % of at least ${breaker.minimum ?? 10} in ${time(breaker.window ?? 10_000)}`}`,
      `for ${time(breaker?.openFor ?? 60_000)}`,
      observed(breaker),
    ),
  verdict: ({ classify, pushback }) =>
    list(
      `${classify.length} rules of its own for answers`,
      `Retry-After${pushback.length > 0 ? ` and ${pushback.length} other places` : ''} read for waits`,
    ),
  guard: ({ guard }) =>
    list('begins with the first event', (guard?.terminator !== undefined || guard?.done !== undefined) && 'must have its last one', observed(guard)),
  faults: ({ faults }) => faults.map(describeFault).join('; '),
};

/** The time limits of one attempt. */
export function attemptWords({ timeouts }: RouteSettings): string {
  const phases = ['queue', 'dns', 'connect', 'tls', 'send', 'headers', 'idle', 'attempt'] as const;
  return phases.flatMap((phase) => (timeouts[phase] === undefined ? [] : [`${phase} ${formatDuration(timeouts[phase])}`])).join(', ');
}
