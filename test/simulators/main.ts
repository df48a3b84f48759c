import { parseArgs } from 'node:util';
import { seedIncident } from './seed.ts';
import { startSimulators } from './start.ts';

// Starts all simulators for trying by hand and prints one line of JSON: addresses, the CA file, keys. Ends at SIGINT or SIGTERM.
const { values } = parseArgs({
  options: {
    whatsapp: { type: 'string', default: '9441' },
    gemini: { type: 'string', default: '9442' },
    supabase: { type: 'string', default: '9443' },
    rtt: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    directory: { type: 'string' },
  },
});

const simulators = await startSimulators({
  seed: Number(values.seed),
  rttMs: Number(values.rtt),
  ports: { whatsapp: Number(values.whatsapp), gemini: Number(values.gemini), supabase: Number(values.supabase) },
  ...(values.directory !== undefined && { directory: values.directory }),
});
const { mediaId } = seedIncident(simulators);
const { supabase, caFile, addresses } = simulators;
const line = {
  addresses: Object.fromEntries(addresses),
  ca: caFile,
  supabase: { anonKey: supabase.anonKey, serviceKey: supabase.serviceKey },
  mediaId,
};
process.stdout.write(`${JSON.stringify(line)}\n`);

const end = (): void => {
  void simulators[Symbol.asyncDispose]().then(() => process.exit(0));
};
process.once('SIGINT', end);
process.once('SIGTERM', end);
