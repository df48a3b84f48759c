import type { Simulators } from '../../../simulators/start.ts';

export type UpstreamName = 'whatsapp' | 'gemini' | 'supabase';

/** The shapes of errors that a route answers in. */
export type Dialect = 'graph' | 'google' | 'postgrest' | 'gotrue' | 'storage';

/** What a client sends. */
export interface Sending {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A route of a preset, and what is right for it: by the table of replay classes and the documents of its upstream, not by the preset. */
export interface Route {
  readonly upstream: UpstreamName;
  /** Its name in the preset, which metrics and log say. */
  readonly name: string;
  /** Its name in the test. */
  readonly label: string;
  readonly host: string;
  readonly method: string;
  /** A second sending does no harm. */
  readonly repeatable: boolean;
  /** What the upstream refused is sent again. False for sign-in, where the client decides. */
  readonly refused: boolean;
  readonly attempts: number;
  readonly dialect: Dialect;
  /** First part of the codes of our own errors. */
  readonly code: string;
  /** What becomes of an answer that breaks off: it breaks for the client; it goes on by range; its events are held back; it is told as an unknown outcome. */
  readonly breaks: 'visibly' | 'resumes' | 'before its first event' | 'as unknown';
  /** The simulator's own answer is what is compared; else one that the test gives it. */
  readonly ownAnswer?: (sim: Simulators, id: string) => Buffer;
  /** Status of the simulator's own answer, where a fault breaks its body; 200 unless said. */
  readonly ownStatus?: number;
  /** A limit of a number or of a pair makes the route wait. */
  readonly paced?: true;
  /** Reached through CONNECT only. */
  readonly byConnect?: true;
  /** What a case sends. `id` is made of digits and is the case's own. */
  readonly sending: (sim: Simulators, id: string) => Sending;
  /** How often what was asked for has been done, as the service itself counts. Absent: it changes nothing. */
  readonly done?: (sim: Simulators, id: string) => number;
}

/** Header of a JSON request. */
export const JSON_TYPE = { 'content-type': 'application/json' };

/** Bytes that differ from case to case. */
export function mediumOf(id: string): Buffer {
  return Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 31 + Number(id)) % 251));
}
