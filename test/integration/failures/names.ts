import dns, { type LookupAddress } from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';

/** What becomes of one lookup, and so of the connection: no address, an address where nobody listens, one that swallows, the simulator's own. */
export type Lookup = 'fails' | 'refuses' | 'swallows' | 'finds';

/** Where nobody listens, on the simulators' ports. */
const NOBODY = '127.0.0.2';
/** Where a black hole listens, on the simulators' ports. */
export const HOLE = '127.0.0.3';
const HOME = '127.0.0.1';

/** Names that the test answers for, by host: the lookups to come; what is past them finds. */
const plans = new Map<string, Lookup[] | Lookup>();

type Callback = (error: NodeJS.ErrnoException | null, addresses?: LookupAddress[]) => void;

/** Stands in for the machine's resolver for the names of the plans; everything else goes to it. */
export function answerNames(): Disposable {
  const system = dns.lookup;
  const lookup = (host: string, options: object, callback: Callback): void => {
    const plan = plans.get(host);
    if (plan === undefined) return system(host, { ...options, all: true }, (error, addresses) => callback(error, addresses));
    const next = typeof plan === 'string' ? plan : (plan.shift() ?? 'finds');
    setImmediate(() => (next === 'fails' ? callback(notFound(host)) : callback(null, [{ address: addressOf(next), family: 4 }])));
  };
  Object.assign(dns, { lookup });
  syncBuiltinESMExports();
  return {
    [Symbol.dispose]() {
      Object.assign(dns, { lookup: system });
      syncBuiltinESMExports();
    },
  };
}

/** Says what the next lookups of a name come to; a single word: all of them. */
export function planLookups(host: string, plan: Lookup[] | Lookup): void {
  plans.set(host, plan);
}

function addressOf(lookup: Lookup): string {
  if (lookup === 'refuses') return NOBODY;
  return lookup === 'swallows' ? HOLE : HOME;
}

function notFound(host: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
}
