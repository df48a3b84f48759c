import type { UpstreamPort } from '../listen/upstream-ports.ts';
import type { BoundSocket } from '../listen/ports.ts';
import type { BreakerTransition } from '../model/events.ts';
import type { UpstreamSharing } from '../policy/sharing.ts';

/** The place of an app among several processes that serve together. An app without one is alone. */
export interface Seat {
  /** Secret of the cache's identities and of pseudonyms, the same for all. */
  readonly secret: Buffer;
  /** Keys of TLS session tickets, the same for all. */
  readonly ticketKeys: Buffer;
  /** Whether this process runs the active probes for all. */
  readonly probes: boolean;
  /** How an upstream's policies reach those of the others. */
  sharingFor(upstream: string): UpstreamSharing;
  /** A write here has dropped these tags; settles once the others have too, or after a bounded time. */
  tellOthers(tags: readonly string[]): Promise<void>;
  /** Addresses to serve besides those of the configuration, where others do so since before it. */
  readonly kept: readonly UpstreamPort[];
  /** The socket of an address for this process. */
  socketOf(asked: UpstreamPort): Promise<BoundSocket>;
  /** A breaker of this process has changed by itself. Logged and counted once for all, elsewhere. */
  breakerChanged(transition: BreakerTransition): void;
}
