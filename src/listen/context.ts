import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import type { Gateway } from '../route/gateway.ts';
import type { Alarms } from '../upstream/alarms.ts';
import type { AnswerBatch } from './answer-batch.ts';
import type { HostPort } from './authority.ts';
import type { HeadReader } from './request-head.ts';
import type { RequestIds } from './request-ids.ts';

/** Bounds of what clients may send. */
export interface ListenLimits {
  /** Request line and fields of one request, in bytes. */
  readonly headerBytes: number;
  /** Content of one request, in bytes. */
  readonly bodyBytes: number;
  /** For a client to send the head of its request, then what of its content is read whole, and for each pause in longer content, in milliseconds; 0: for ever. */
  readonly requestTimeoutMs: number;
  /** How long a client may leave its answer unread before it is given up, in milliseconds; five minutes unless said. */
  readonly stallMs?: number | undefined;
}

/** What every connection and request of one data plane shares. */
export interface ListenContext {
  /** The upstreams of the running configuration: asked once per request. */
  readonly gateway: () => Gateway;
  readonly limits: ListenLimits;
  readonly observer: Observer;
  readonly clock: Clock;
  readonly heads: HeadReader;
  readonly ids: RequestIds;
  /** Wakes those who wait for the content of a request. */
  readonly alarms: Alarms;
  /** Sends the answers that are whole. */
  readonly batch: AnswerBatch;
  /** True if a host and port lead back to this data plane. */
  readonly isOwn: (to: HostPort) => boolean;
  /** True once the data plane closes: every answer is the last of its connection. */
  readonly draining: () => boolean;
  /** Told of the length of each piece of a body, in either direction. */
  readonly passed: (bytes: number) => void;
}
