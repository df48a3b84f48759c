import { type RouteSettings, routesOf } from '../../../src/config/effective.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Exchange } from '../../../src/model/exchange.ts';
import { compileMatch, RouteView } from '../../../src/route/matcher.ts';
import { exchangeOf } from '../policy/fixtures.ts';

const loaded = loadConfig(undefined, { SUPABASE_URL: 'https://x.supabase.co' });

/** The routes of a standard upstream, by its name. */
export function routesOfPreset(name: string): RouteSettings[] {
  const upstream = loaded.ok ? loaded.config.upstreams[name] : undefined;
  if (upstream === undefined) throw new Error(`the preset of ${name} does not load`);
  return routesOf(name, upstream);
}

/** The settings that hold for a request. */
export function settingsFor(routes: readonly RouteSettings[], exchange: Exchange): RouteSettings {
  const view = new RouteView(exchange);
  const found = routes.find(({ match }) => match === undefined || compileMatch(match)(view));
  if (found === undefined) throw new Error('no route, not even the default one');
  return found;
}

/** A request as a line of a table writes it: `POST lookaside.fbsbx.com/path`, or a path of the upstream's own host. */
export function requestOf(line: string, host: string, more: { body?: string; headers?: string[] } = {}): Exchange {
  const [method = '', target = ''] = line.split(' ');
  const slash = target.indexOf('/');
  return exchangeOf({ method, authority: slash === 0 ? host : target.slice(0, slash), path: target.slice(slash), ...more });
}
