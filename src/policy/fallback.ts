import type { FallbackConfig, FallbackStep } from '../config/schema.ts';
import { BytesBody } from '../model/body.ts';
import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import type { Exchange } from '../model/exchange.ts';
import { type Failure, failure } from '../model/failure.ts';
import { discard, type Outcome, reply, type Reply } from '../model/outcome.ts';
import type { Layer, Service } from '../model/service.ts';
import { isRepeatable } from './repeatable.ts';
import { requestValue } from './request-values.ts';

/** What answers for a route when its attempts have failed. */
export interface FallbackOptions {
  readonly on: FallbackConfig['on'];
  readonly steps: readonly FallbackStep[];
  readonly repeatable: boolean | undefined;
  readonly observe: boolean;
}

/** What a fallback layer needs from outside. */
export interface FallbackParts {
  readonly clock: Clock;
  readonly observer: Observer;
}

/** Less time than this before the deadline is not enough to ask anyone. */
const USEFUL_MS = 50;

/** One way to answer; undefined where it does not apply. */
type Step = (exchange: Exchange, next: Service, parts: FallbackParts) => Promise<Reply | undefined>;

/**
 * Answers by the first of its steps that can, when failures remain: a stale answer of the cache, a fixed answer, another origin or path. Never for a request that may have had its
 * effect and must not be repeated, and not for a 4xx unless its status is listed. Where no step can, the failure stays what it was. A stale step needs a cache inside of it.
 */
export function fallback(options: FallbackOptions, parts: FallbackParts): Layer {
  const applies = condition(options.on);
  const steps = options.steps.map((step, index) => compileStep(step, index, (found) => applies(found) === undefined));
  const staleComesLater = options.steps.findIndex((step) => step.stale === true) > 0;
  return (next) => async (exchange) => {
    // what no client has asked for needs no other answer
    if (exchange.chained > 0) return next(exchange);
    // a cache serves stale by itself when it is asked first; here others come before it
    if (staleComesLater && !options.observe) exchange.staleUse = 'withheld';
    const outcome = await next(exchange);
    const failed = applies(outcome);
    if (failed === undefined || !mayAnswerFor(failed, exchange, options.repeatable)) return outcome;
    if (options.observe) {
      parts.observer.wouldHave(exchange, 'fallback', 'answered');
      return outcome;
    }
    for (const step of steps) {
      const found = exchange.aborted ? undefined : await step(exchange, next, parts);
      if (found === undefined) continue;
      discard(outcome);
      return found;
    }
    return outcome;
  };
}

type On = NonNullable<FallbackConfig['on']>[number];

/** Gives the failure that a fallback answers for, if an outcome is one. */
function condition(on: FallbackConfig['on']): (outcome: Outcome) => Failure | undefined {
  const wanted = on === undefined ? undefined : new Set<On>(on);
  return (outcome) => {
    // what the upstream said counts alike when the cache remembers it; what we said ourselves does not
    if (outcome.type === 'reply') return wanted?.has(outcome.status) === true && outcome.source !== 'proxy' ? listed(outcome) : undefined;
    // who asks for a stored answer alone wants no other
    if (outcome.kind === 'aborted' || outcome.code === 'not_cached') return undefined;
    const status = outcome.reply?.status;
    if (status !== undefined && wanted?.has(status) === true) return status < 500 ? { ...outcome, replay: 'refused' } : outcome;
    const isNo = status !== undefined && status < 500 && outcome.replay === 'answered';
    if (isNo || (wanted !== undefined && !wanted.has(kindOf(outcome)))) return undefined;
    return outcome;
  };
}

/** A status that is an answer elsewhere and a failure here: the upstream has done nothing that it names. */
function listed(answer: Reply): Failure {
  const detail = `the upstream answered ${answer.status}`;
  return failure({ code: 'http_response_status', phase: 'headers', kind: 'status', replay: 'refused', detail, reply: answer });
}

function kindOf(failed: Failure): On {
  if (failed.code === 'destination_unavailable') return 'open';
  if (failed.code === 'connection_limit_reached' || failed.code === 'request_paced') return 'full';
  return failed.kind as Exclude<Failure['kind'], 'aborted'>;
}

function mayAnswerFor(failed: Failure, exchange: Exchange, repeatable: boolean | undefined): boolean {
  return failed.replay === 'unsent' || failed.replay === 'refused' || isRepeatable(exchange, repeatable);
}

function compileStep(config: FallbackStep, index: number, answers: (found: Reply) => boolean): Step {
  const name = config.name ?? (config.stale === true ? 'stale' : config.status !== undefined ? 'static' : `step-${index + 1}`);
  if (config.stale === true) return staleStep(name, index === 0, answers);
  if (config.status !== undefined) return staticStep(name, config.status, config);
  return askStep(name, config);
}

/** Asks the cache alone. Where it comes first the cache has had its say already. What a fallback is wanted for `answers` nothing from there either. */
function staleStep(name: string, first: boolean, answers: (found: Reply) => boolean): Step {
  return async (exchange, next, { observer }) => {
    if (first) return undefined;
    const branch = exchange.branch();
    branch.staleUse = 'only';
    const outcome = await next(branch);
    if (outcome.type === 'failure' || outcome.source !== 'cache' || !answers(outcome)) {
      discard(outcome);
      return undefined;
    }
    exchange.adopt(branch);
    observer.acted(exchange, 'fallback', 'stale');
    return named(outcome, name);
  };
}

function staticStep(name: string, status: number, { headers = {}, body = '' }: FallbackStep): Step {
  const bytes = Buffer.from(body);
  const fields = Object.entries(headers).flatMap(([field, value]) => [field.toLowerCase(), value]);
  if (status !== 204 && status !== 304) fields.push('content-length', String(bytes.length));
  return (exchange, _next, { observer }) => {
    observer.acted(exchange, 'fallback', 'static');
    return Promise.resolve(named(reply(status, fields, 'proxy', new BytesBody(bytes)), name));
  };
}

/** Asks another origin, or for another path, with all the layers inside this one. */
function askStep(name: string, config: FallbackStep): Step {
  const { path, origin } = config;
  const from = path === undefined ? undefined : new RegExp(path.from);
  const target = origin === undefined ? undefined : new URL(origin);
  const excluded = exclusion(config.unless);
  return async (exchange, next, { clock, observer }) => {
    if (from !== undefined && !from.test(exchange.path)) return undefined;
    if (excluded(exchange) || clock.now() + USEFUL_MS > exchange.deadlineAt) return undefined;
    if (exchange.body.kind === 'stream' && exchange.body.started) return undefined;
    const branch = exchange.branch({
      path: from === undefined ? exchange.path : exchange.path.replace(from, path?.to ?? ''),
      ...(target !== undefined && { scheme: target.protocol === 'https:' ? 'https' : 'http', authority: target.host }),
    });
    const outcome = await next(branch);
    exchange.adopt(branch);
    if (outcome.type === 'failure' || outcome.status >= 400) {
      observer.acted(exchange, 'fallback', 'failed');
      discard(outcome);
      return undefined;
    }
    observer.acted(exchange, 'fallback', 'asked');
    return named(outcome, name);
  };
}

function exclusion(unless: FallbackStep['unless']): (exchange: Exchange) => boolean {
  if (unless === undefined) return () => false;
  const path = unless.path === undefined ? undefined : new RegExp(unless.path);
  const values = (unless.json ?? []).map((json) => requestValue({ json }));
  return (exchange) => {
    if (path?.test(exchange.path) === true) return true;
    return values.some((read) => read(exchange) !== undefined);
  };
}

/** Says in the answer who gave it. */
function named(answer: Reply, name: string): Reply {
  return { ...answer, headers: [...answer.headers, 'x-breakwater-fallback', name] };
}
