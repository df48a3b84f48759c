import { Tables } from '../../cache/invalidate/tables.ts';
import { isOn, type RouteSettings } from '../../config/effective.ts';
import type { UpstreamConfig } from '../../config/schema.ts';
import type { Exchange } from '../../model/exchange.ts';

const ANY = 'a write to any table';

/** Which writes drop what is stored for a read, in words; undefined where nothing is, or its path names no table. */
export function droppedBy({ tables: config }: UpstreamConfig, { cache }: RouteSettings, exchange: Exchange): string | undefined {
  if (config === undefined || !isOn(cache) || (exchange.method !== 'GET' && exchange.method !== 'HEAD')) return undefined;
  const tables = new Tables(config, () => undefined);
  if (!tables.covers(exchange)) return undefined;
  const found = tables.dependenceOf(exchange);
  if (found === undefined) return ANY;
  const { names, unknown, unjoined } = found;
  if (unjoined[0] !== undefined) return `${ANY}: ${unjoined[0]} is embedded without a !hint, and tables.junctions does not say what joins it`;
  const written = `a write to ${either([...new Set(names)])}`;
  return unknown.length === 0 ? written : `${written}; to any table as long as ${either(unknown)} has not been asked for by itself`;
}

function either(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}`;
}
