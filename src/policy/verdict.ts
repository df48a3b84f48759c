import type { ClassifyRule, PushbackRule } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import { decodedJson } from '../model/content-coding.ts';
import type { Exchange } from '../model/exchange.ts';
import { failure } from '../model/failure.ts';
import { headerValue } from '../model/headers.ts';
import type { Outcome, Reply } from '../model/outcome.ts';
import type { JsonPath } from '../model/json-path.ts';
import { peek } from '../model/peek.ts';
import { after, type Answered, type Layer } from '../model/service.ts';
import { idIn } from '../model/upstream-id.ts';
import type { AttemptRecords } from './attempt-records.ts';
import { type Classifier, compileClassifier } from './classify.ts';
import { quotaResetMs } from './quota-reset.ts';
import { compilePushback, compileQuotaPushback, type Pushback, readsBody } from './pushback.ts';
import type { UsageReader } from './usage.ts';

/** Error bodies are read ahead up to this to find the upstream's own words. */
const PEEK_BYTES = 64 * 1024;
/** And for so long, or half of the time that is left where that is less: an error body that only trickles in is passed on as it comes, judged by its status alone. */
const PEEK_MS = 2000;

/** What a verdict layer is made from. */
export interface VerdictOptions {
  readonly classify: readonly ClassifyRule[];
  readonly pushback: readonly PushbackRule[];
  /** Where attempts wait for their verdict to be counted; absent where nothing is counted. */
  readonly records?: AttemptRecords | undefined;
  /** Whether the bodies of good answers are watched too: they may turn out to be none. */
  readonly guarded?: boolean;
  /** Where error bodies have the upstream's own id of the answer. */
  readonly ids?: readonly JsonPath[] | undefined;
  /** Reads how much of its limits the upstream says is used up. */
  readonly usage?: UsageReader | undefined;
}

/** What an answer is judged by. */
interface Rules {
  readonly classify: Classifier;
  readonly pushback: Pushback;
  /** What is said of a quota alone. */
  readonly quotaPushback: Pushback;
  readonly ids: readonly JsonPath[];
  readonly clock: Clock;
}

/**
 * Judges each attempt's answer: a status, or an error code in the body, that means a fault becomes a failure with a replay class; the answer stays in it, its
 * body unread or given back whole, so that the client can still get it byte for byte.
 */
export function verdict(options: VerdictOptions, clock: Clock): Layer {
  const { classify, interest } = compileClassifier(options.classify, readsBody(options.pushback));
  const { records, guarded = false, usage } = options;
  const rules: Rules = {
    classify,
    pushback: compilePushback(options.pushback),
    quotaPushback: compileQuotaPushback(options.pushback),
    ids: options.ids ?? [],
    clock,
  };
  if (guarded) for (let status = 200; status < 300; status++) interest[status] ||= 1;
  records?.expect(interest);
  const recorded = (exchange: Exchange, judged: Outcome): Outcome => {
    records?.judged(exchange, judged.type === 'failure' ? judged : undefined);
    return judged;
  };
  const judgeOutcome = (exchange: Exchange, outcome: Outcome): Answered => {
    if (outcome.type === 'failure') {
      // a head had come, so that its attempt waits for a verdict: this is it
      if (guarded && outcome.phase === 'body') records?.judged(exchange, outcome);
      return outcome;
    }
    usage?.(outcome.headers);
    const wish = interest[outcome.status];
    if (wish === 0) return outcome;
    if (wish !== 2 || !hasJson(outcome)) return recorded(exchange, judge(outcome, undefined, rules));
    return judgeBody(outcome, rules, patienceFor(exchange, clock)).then((judged) => recorded(exchange, judged));
  };
  return (next) => (exchange) => after(next(exchange), (outcome) => judgeOutcome(exchange, outcome));
}

/** How long a body may be waited for, in milliseconds: what its client does not see any more was waited for in vain. */
function patienceFor({ deadlineAt, patienceEndsAt }: Exchange, clock: Clock): number {
  return Math.max(0, Math.min(PEEK_MS, (Math.min(deadlineAt, patienceEndsAt) - clock.now()) / 2));
}

async function judgeBody(reply: Reply, rules: Rules, waitMs: number): Promise<Outcome> {
  const { bytes, complete, body } = await peek(reply.body, PEEK_BYTES, waitMs);
  const document = complete ? decodedJson(bytes, headerValue(reply.headers, 'content-encoding'), 4 * PEEK_BYTES) : undefined;
  return judge(body === reply.body ? reply : { ...reply, body }, document, rules);
}

/** `document`: the JSON body, if it was read. */
function judge(reply: Reply, document: unknown, { classify, pushback, quotaPushback, ids, clock }: Rules): Outcome {
  const found = classify(reply.status, reply.headers, document);
  if (found === undefined) return reply;
  const wallNow = clock.wallNow();
  const retryAfterMs = pushback(reply.headers, document, wallNow);
  const quotaWaitMs = found.quota === undefined ? undefined : (quotaPushback(reply.headers, document, wallNow) ?? retryAfterMs);
  return failure({
    code: 'http_response_status',
    phase: 'headers',
    kind: 'status',
    replay: found.replay,
    detail: `the upstream answered ${reply.status}${found.rule === undefined ? '' : ` (${found.rule})`}`,
    reply,
    retryAfterMs,
    blame: found.blame,
    rule: found.rule,
    quotaMs: found.quota === undefined ? undefined : quotaResetMs(found.quota, quotaWaitMs, wallNow),
    upstreamId: idOf(document, ids),
  });
}

function idOf(document: unknown, ids: readonly JsonPath[]): string | undefined {
  for (const path of ids) {
    const id = path(document)
      .map(idIn)
      .find((one) => one !== undefined);
    if (id !== undefined) return id;
  }
  return undefined;
}

function hasJson(reply: Reply): boolean {
  return /\bjson\b/.test(headerValue(reply.headers, 'content-type') ?? '');
}
