import { breakwater, breakwaterBare } from './breakwater.ts';
import { caddy } from './caddy.ts';
import type { Contender } from './contender.ts';
import { envoy } from './envoy.ts';
import { haproxy } from './haproxy.ts';
import { mitmproxy } from './mitmproxy.ts';
import { nginx } from './nginx.ts';
import { bytePipe, direct, fastify, forwarder, httpProxy3 } from './node.ts';
import { squid } from './squid.ts';
import { varnish } from './varnish.ts';

/** What forwards plain HTTP, in the order of the tables. */
export const FORWARDERS: readonly Contender[] = [
  direct,
  forwarder,
  breakwaterBare,
  breakwater,
  bytePipe,
  httpProxy3,
  fastify,
  nginx,
  haproxy,
  caddy,
  squid,
  varnish,
  envoy,
  mitmproxy,
];

/** What can speak TLS to an origin. A byte pipe and Varnish cannot; mitmproxy is no match and stands in the tables for interception. */
export const TLS_FORWARDERS = FORWARDERS.filter((one) => ![bytePipe, varnish, mitmproxy].includes(one));
