import { breakwaterRoutes } from '../contenders/breakwater.ts';
import { byWrk, THROUGHPUT } from './measures.ts';
import type { Scenario } from './scenario.ts';

const counts = [1, 30, 300];

/** What a long list of routes costs. */
export const routeCount: Scenario = {
  name: 'routes',
  title: 'From one route to 300',
  text: 'Each request matches the last of the routes that the configuration adds to the preset.',
  cases: [
    {
      name: '32 connections',
      contenders: counts.map(breakwaterRoutes),
      baseline: '1 routes',
      columns: THROUGHPUT,
      metric: 'perSecond',
      better: 'higher',
      mode: 'reverse',
      behind: 'http',
      // a twentieth is to be told apart: many short rounds
      effort: { rounds: 11, warmUp: 2 },
      measure: (endpoint, visit) => byWrk(endpoint, visit, `/rest/v1/t${Number.parseInt(visit.contender.name, 10) - 1}/1k`, 32),
    },
  ],
};
