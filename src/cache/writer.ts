import type { InvalidateConfig } from '../config/schema.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Answered, Service } from '../model/service.ts';
import type { Lease } from './coalesce/leases.ts';
import type { Identities } from './identity.ts';
import { isRolledBack, type Tables } from './invalidate/tables.ts';
import { mayHaveChanged, urlTags } from './invalidate/targets.ts';
import { watchLate } from './late-writes.ts';
import { scopedTag, upstreamTag } from './tag-names.ts';
import type { MaybePromise } from './store.ts';

/** What a route's writes drop. */
export interface WriterOptions {
  readonly invalidate: InvalidateConfig | undefined;
  readonly tagsOf: (exchange: Exchange) => readonly string[];
  readonly tables: Tables | undefined;
  readonly also: ReadonlyMap<string, readonly string[]>;
  readonly identities: Identities;
  /** `own` is spared. */
  readonly drop: (tags: readonly string[], own?: Lease) => MaybePromise<number>;
}

/** Sends a write. `own`: what its answer may be stored by. */
export type Write = (exchange: Exchange, own?: Lease) => Answered;

/** Passes writes on, and drops what they may have changed before the client hears of it. */
export function writer(options: WriterOptions, next: Service): Write {
  if (options.invalidate?.none === true) return next;
  const drop = (exchange: Exchange, outcome: Outcome | undefined, own?: Lease): MaybePromise<unknown> => {
    const tags = outcome === undefined ? [] : tagsDropped(options, exchange, outcome);
    return tags.length > 0 ? options.drop(tags, own) : undefined;
  };
  return async (exchange, own) => {
    let known: Outcome | undefined;
    // what was read between a time-out and the late answer may be older than what the write has done
    watchLate(exchange, { ended: (answer) => drop(exchange, answer ?? known) });
    const outcome = await next(exchange);
    known = outcome;
    await drop(exchange, outcome, own);
    return outcome;
  };
}

function tagsDropped(options: WriterOptions, exchange: Exchange, outcome: Outcome): string[] {
  const { invalidate, tables } = options;
  const named = options.tagsOf(exchange);
  const told = named.length > 0 || invalidate?.all === true;
  const dropped = told || tables?.covers(exchange) === true;
  const reply = outcome.type === 'reply' ? outcome : undefined;
  if (!mayHaveChanged(outcome, exchange.leftOpen, dropped) || (tables !== undefined && isRolledBack(reply))) return [];
  if (reply !== undefined && reply.status < 300) tables?.learn(exchange);
  const tags = urlTags(exchange, reply, options.identities);
  for (const name of named) for (const tag of [name, ...(options.also.get(name) ?? [])]) tags.push(scopedTag(exchange.upstream, tag));
  if (invalidate?.all === true) tags.push(upstreamTag(exchange.upstream));
  if (tables !== undefined) tags.push(...tables.writeTags(exchange, named, invalidate?.all === true));
  return tags;
}
