import { streams } from './bodies.ts';
import { hits } from './hits.ts';
import { farOrigin, interception } from './interception.ts';
import { abortStorm, memoryUse, startUp } from './life.ts';
import { serverSentEvents, websockets } from './long-lived.ts';
import { lowRate } from './low-rate.ts';
import { plain, tlsUpstream } from './plain.ts';
import { routeCount } from './routes.ts';
import type { Scenario } from './scenario.ts';

/** Every scenario, in the order of the report. */
export const SCENARIOS: readonly Scenario[] = [
  plain,
  lowRate,
  hits,
  interception,
  farOrigin,
  streams,
  tlsUpstream,
  websockets,
  serverSentEvents,
  routeCount,
  memoryUse,
  startUp,
  abortStorm,
];
