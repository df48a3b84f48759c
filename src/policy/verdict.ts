import type { ClassifyRule, PushbackRule } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import { decodedJson } from '../model/content-coding.ts';
import type { Exchange } from '../model/exchange.ts';
import { failure } from '../model/failure.ts';
import { headerValue } from '../model/headers.ts';
import type { Outcome, Reply } from '../model/outcome.ts';
import { peek } from '../model/peek.ts';
import { after, type Answered, type Layer } from '../model/service.ts';
import type { AttemptRecords } from './attempt-records.ts';
import { type Classifier, compileClassifier, type Verdict } from './classify.ts';
import { quotaResetMs } from './quota-reset.ts';
import { compilePushback, type Pushback, readsBody } from './pushback.ts';

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
}

/**
 * Judges each attempt's answer: a status, or an error code in the body, that means a fault becomes a failure with a replay class; the answer stays in it, its
 * body unread or given back whole, so that the client can still get it byte for byte.
 */
export function verdict(options: VerdictOptions, clock: Clock): Layer {
  const { classify, interest } = compileClassifier(options.classify, readsBody(options.pushback));
  const pushback = compilePushback(options.pushback);
  const { records, guarded = false } = options;
  if (guarded) for (let status = 200; status < 300; status++) interest[status] ||= 1;
  for (const [status, wish] of interest.entries()) if (wish > 0) records?.expect(status);
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
    const wish = interest[outcome.status];
    if (wish === 0) return outcome;
    if (wish !== 2 || !hasJson(outcome)) return recorded(exchange, judgeHead(outcome, classify, pushback, clock));
    return judgeBody(outcome, classify, pushback, clock, patienceFor(exchange, clock)).then((judged) => recorded(exchange, judged));
  };
  return (next) => (exchange) => after(next(exchange), (outcome) => judgeOutcome(exchange, outcome));
}

function judgeHead(reply: Reply, classify: Classifier, pushback: Pushback, clock: Clock): Outcome {
  const wallNow = clock.wallNow();
  return judge(reply, classify(reply.status, reply.headers, undefined), pushback(reply.headers, undefined, wallNow), wallNow);
}

/** How long a body may be waited for, in milliseconds: what its client does not see any more was waited for in vain. */
function patienceFor({ deadlineAt, patienceEndsAt }: Exchange, clock: Clock): number {
  return Math.max(0, Math.min(PEEK_MS, (Math.min(deadlineAt, patienceEndsAt) - clock.now()) / 2));
}

async function judgeBody(reply: Reply, classify: Classifier, pushback: Pushback, clock: Clock, waitMs: number): Promise<Outcome> {
  const { bytes, complete, body } = await peek(reply.body, PEEK_BYTES, waitMs);
  const document = complete ? decodedJson(bytes, headerValue(reply.headers, 'content-encoding'), 4 * PEEK_BYTES) : undefined;
  const whole = body === reply.body ? reply : { ...reply, body };
  const wallNow = clock.wallNow();
  return judge(whole, classify(reply.status, reply.headers, document), pushback(reply.headers, document, wallNow), wallNow);
}

function judge(reply: Reply, found: Verdict | undefined, retryAfterMs: number | undefined, wallNowMs: number): Outcome {
  if (found === undefined) return reply;
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
    quotaMs: found.quota === undefined ? undefined : quotaResetMs(found.quota, retryAfterMs, wallNowMs),
  });
}

function hasJson(reply: Reply): boolean {
  return /\bjson\b/.test(headerValue(reply.headers, 'content-type') ?? '');
}
