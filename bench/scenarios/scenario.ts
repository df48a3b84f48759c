import type { Contender, Endpoint, Setup } from '../contenders/contender.ts';
import type { Effort } from '../lib/effort.ts';
import type { Target } from '../load/spec.ts';

/** The figures of one measurement, by name; times in microseconds or milliseconds as the name says, sizes in MiB. */
export type Sample = Readonly<Record<string, number>>;

/** One column of a table. */
export interface Column {
  readonly key: string;
  readonly label: string;
  /** Digits after the point. */
  readonly digits?: number;
}

/** What measuring gets to know. */
export interface Visit {
  readonly contender: Contender;
  readonly setup: Setup;
  readonly seconds: number;
}

/** A contender that runs at the same time as others. */
export interface Running {
  readonly endpoint: Endpoint;
  readonly visit: Visit;
}

/** One table: the same load on several contenders. */
export interface Case {
  readonly name: string;
  readonly contenders: readonly Contender[];
  /** Contenders that cannot take part, and why. */
  readonly excluded?: Readonly<Record<string, string>>;
  /** Whom the ratios are taken against: the name of one of the contenders. */
  readonly baseline: string;
  readonly columns: readonly Column[];
  /** The figure that ratios are taken of: key of a column. */
  readonly metric: string;
  readonly better: 'higher' | 'lower';
  readonly mode: Setup['mode'];
  /** Which of the origins is behind. */
  readonly behind: 'http' | 'https' | 'streams' | 'slow';
  /** Connections to the origin, at most; 256 unless said. */
  readonly connections?: number;
  /** True where small pieces have to arrive as they are sent: for those who collect them unless told. */
  readonly interactive?: boolean;
  /** How long and how often, where it differs from the usual. */
  readonly effort?: Partial<Effort>;
  /** Measures a contender that runs and is warm. */
  readonly measure?: (endpoint: Endpoint, visit: Visit) => Promise<Sample>;
  /** Instead of `measure`: starts the contender and stops it again, since its life is what is measured. Without A/A and warm-up. */
  readonly live?: (visit: Visit) => Promise<Sample>;
  /** Instead of `measure`: measures contenders that run at the same time and have just been started, after so many seconds of warm-up each. In their order. */
  readonly together?: (running: readonly Running[], warmUpSeconds: number) => Promise<readonly (Sample | Error)[]>;
}

/** Several cases that belong together. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** How it is measured, in a sentence or two. */
  readonly text: string;
  readonly cases: readonly Case[];
}

/** Where the load has to go for this contender. */
export function targetOf(endpoint: Endpoint, { setup }: Visit, path: string): Target {
  const secure = setup.upstream.scheme === 'https';
  if (endpoint.program === undefined || endpoint.isOrigin === true) return { port: endpoint.port, tls: secure, path };
  if (setup.mode === 'intercept') return { port: setup.upstream.port, proxyPort: endpoint.port, tls: secure, path };
  return { port: endpoint.port, tls: false, path: endpoint.prefix + path };
}
