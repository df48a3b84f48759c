import type { ClassifyRule } from '../config/schema.ts';
import type { ReplayClass } from '../model/failure.ts';
import { headerValue, type HeaderList } from '../model/headers.ts';
import { parseJsonPath } from '../model/json-path.ts';
import type { QuotaRule } from './quota-reset.ts';

/** What an answer means: whether it may be sent again and whether it speaks against the upstream. */
export interface Verdict {
  readonly replay: Exclude<ReplayClass, 'cut'>;
  readonly blame: 'soft' | 'ignore' | undefined;
  /** The rule's own name, for metrics and log. */
  readonly rule: string | undefined;
  /** When the quota resets that the answer says is used up; undefined where it says no such thing. */
  readonly quota?: QuotaRule | undefined;
}

/** Gives the verdict on an answer; undefined: an answer like any other, passed on. */
export type Classifier = (status: number, headers: HeaderList, document: unknown) => Verdict | undefined;

/** A classifier and which statuses it has to see, with and without their body. */
export interface CompiledClassifier {
  readonly classify: Classifier;
  /** By status: 0 passes on at once, 1 wants the head, 2 wants the body too. */
  readonly interest: Uint8Array;
}

const AMBIGUOUS: Verdict = { replay: 'ambiguous', blame: undefined, rule: undefined };
const REFUSED: Verdict = { replay: 'refused', blame: undefined, rule: undefined };
const RATE_LIMITED: Verdict = { replay: 'refused', blame: 'soft', rule: undefined };
const FAULT: Verdict = { replay: 'answered', blame: undefined, rule: undefined };

/** The statuses' own meaning (the table of replay classes): 429 refuses, 503 with Retry-After too, 500 502 503 504 leave it open. */
function byStatus(status: number, headers: HeaderList): Verdict | undefined {
  if (status < 429) return undefined;
  if (status === 429) return RATE_LIMITED;
  if (status < 500) return undefined;
  if (status === 503 && headerValue(headers, 'retry-after') !== undefined) return REFUSED;
  return status === 500 || status === 502 || status === 503 || status === 504 ? AMBIGUOUS : FAULT;
}

interface Rule {
  readonly statuses: readonly number[] | undefined;
  readonly readsBody: boolean;
  readonly matches: (headers: HeaderList, document: unknown) => boolean;
  readonly verdict: Verdict;
}

/** Compiles the rules of a route, the first match wins, with the statuses' own meaning behind them. */
export function compileClassifier(rules: readonly ClassifyRule[], pushbackReadsBody: boolean): CompiledClassifier {
  const compiled = rules.map(compileRule);
  const interest = interestOf(compiled, pushbackReadsBody);
  const classify: Classifier = (status, headers, document) => {
    for (const rule of compiled) {
      const applies = rule.statuses === undefined ? status >= 400 : rule.statuses.includes(status);
      if (applies && rule.matches(headers, document)) return rule.verdict;
    }
    return byStatus(status, headers);
  };
  return { classify, interest };
}

/** Statuses are three digits (RFC 9110 section 15). */
const LAST_STATUS = 999;

/** How much of an answer its judgement needs, by status: made for each route at the start, so that it goes through all statuses only where it must. */
function interestOf(rules: readonly Rule[], pushbackReadsBody: boolean): Uint8Array {
  const interest = new Uint8Array(LAST_STATUS + 1);
  const own = pushbackReadsBody ? 2 : 1;
  // the statuses that mean something by themselves (byStatus)
  interest[429] = own;
  interest.fill(own, 500);
  for (const { statuses, readsBody } of rules) {
    if (statuses !== undefined) for (const status of statuses) raise(interest, status, readsBody ? 2 : 1);
    else if (readsBody) interest.fill(2, 400);
    else for (let status = 400; status <= LAST_STATUS; status++) raise(interest, status, 1);
  }
  return interest;
}

function raise(interest: Uint8Array, status: number, to: 1 | 2): void {
  if ((interest[status] ?? 0) < to) interest[status] = to;
}

function compileRule(rule: ClassifyRule): Rule {
  const path = rule.json === undefined ? undefined : parseJsonPath(rule.json);
  const header = rule.header?.toLowerCase();
  const wanted = rule.in?.map(String);
  const pattern = rule.matches === undefined ? undefined : new RegExp(rule.matches);
  const fits = (value: unknown): boolean => {
    if (value === undefined || value === null) return false;
    const text = String(value);
    return (wanted === undefined || wanted.includes(text)) && (pattern === undefined || pattern.test(text));
  };
  const matches = (headers: HeaderList, document: unknown): boolean => {
    if (path !== undefined && !path(document).some(fits)) return false;
    if (header !== undefined) return path === undefined ? fits(headerValue(headers, header)) : headerValue(headers, header) !== undefined;
    return true;
  };
  const blame = rule.breaker === 'count' ? undefined : (rule.breaker ?? (rule.as === 'answered' ? 'ignore' : undefined));
  return { statuses: rule.status, readsBody: path !== undefined, matches, verdict: { replay: rule.as, blame, rule: rule.code, quota: rule.quota } };
}
