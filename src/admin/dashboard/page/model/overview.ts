import { ago, count } from './format.ts';
import type { Health, StatusAnswer } from './wire.ts';

/** A status with its sign and its word, which say it without colour. */
export interface Sign {
  readonly status: Health;
  readonly mark: string;
  readonly word: string;
}

/** The head of the page. */
export interface Overview extends Sign {
  readonly title: string;
  /** Why it is not well, the worst first. */
  readonly reasons: readonly { readonly status: Health; readonly subject: string; readonly text: string }[];
}

const MARKS = { ok: '✓', degraded: '!', down: '✕' } as const satisfies Record<Health, string>;
const WORDS = { ok: 'OK', degraded: 'Degraded', down: 'Down' } as const satisfies Record<Health, string>;
const ORDER = ['down', 'degraded', 'ok'] as const satisfies readonly Health[];

/** How a status is shown. One that is not known, from a newer server, is taken for degraded: something is not as it was. */
export function signOf(status: Health): Sign {
  const known = ORDER.includes(status) ? status : 'degraded';
  return { status: known, mark: MARKS[known], word: WORDS[known] };
}

/** Names of dependencies, the worst first. */
function byNeed(status: StatusAnswer): string[] {
  const rank = (name: string): number => ORDER.indexOf(signOf(status.dependencies[name]?.status ?? 'ok').status);
  return Object.keys(status.dependencies).sort((a, b) => rank(a) - rank(b));
}

/** The whole in one line, and what stands behind it. */
export function overviewOf(status: StatusAnswer): Overview {
  const sick = byNeed(status).filter((name) => status.dependencies[name]?.status !== 'ok');
  const reasons = sick.map((name) => {
    const dependency = status.dependencies[name];
    return { status: signOf(dependency?.status ?? 'ok').status, subject: name, text: dependency?.evidence ?? '' };
  });
  return { ...signOf(status.status), title: titleOf(status, sick.length), reasons: [...reasons, ...ownReasons(status)] };
}

/** Why the last configuration was refused, and since when the one before it holds; undefined where it was not. */
export function reloadProblem({ config, time }: StatusAnswer): { title: string; problems: readonly string[] } | undefined {
  if (config.lastReloadOk) return undefined;
  const file = config.file ?? 'the configuration';
  return {
    title: `The last change of ${file} was refused. The configuration at work was loaded ${ago(config.loadedAt, Date.parse(time))}.`,
    problems: config.problems,
  };
}

function titleOf({ dependencies, status }: StatusAnswer, sick: number): string {
  const all = Object.keys(dependencies).length;
  if (all === 0) return 'No dependencies are configured';
  if (sick > 0) return `${sick} of ${all} dependencies ${sick === 1 ? 'has' : 'have'} trouble`;
  return status === 'ok'
    ? `${all === 1 ? 'The dependency is' : `All ${all} dependencies are`} well`
    : 'The dependencies are well, Breakwater itself is not';
}

function ownReasons({ config, interception, internalErrors, readiness, status, dependencies }: StatusAnswer): Overview['reasons'] {
  const reasons: { status: Health; subject: string; text: string }[] = [];
  if (!config.lastReloadOk)
    reasons.push({ status: 'degraded', subject: 'configuration', text: 'the last reload was refused; the one before it holds' });
  const problem = interception?.problem ?? undefined;
  if (problem !== undefined) reasons.push({ status: 'degraded', subject: 'interception', text: problem });
  if (readiness !== 'ready') reasons.push({ status: 'degraded', subject: 'Breakwater', text: `it is ${readiness} and takes no new requests` });
  const well = Object.values(dependencies).every((one) => one.status === 'ok') && config.lastReloadOk && problem === undefined;
  // the answer does not say when the last one was: it is to blame where nothing else is
  if (internalErrors > 0 && well && status !== 'ok')
    reasons.push({
      status: 'degraded',
      subject: 'Breakwater',
      text: `an internal error in the last minute (${count(internalErrors)} since the start); the log says more`,
    });
  return reasons;
}
