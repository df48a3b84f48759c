import { closedLoop } from './closed.ts';
import { paced } from './paced.ts';
import type { LoadResult, LoadSpec } from './spec.ts';
import { storm } from './storm.ts';
import { events, websocket } from './streams.ts';

/** Runs the load that the JSON document in argv[2] describes and prints what came of it, as one line of JSON. */
function load(spec: LoadSpec): Promise<LoadResult> {
  switch (spec.kind) {
    case 'closed':
      return closedLoop(spec);
    case 'paced':
      return paced(spec);
    case 'websocket':
      return websocket(spec);
    case 'events':
      return events(spec);
    case 'storm':
      return storm(spec);
  }
}

process.stdout.write(`${JSON.stringify(await load(JSON.parse(process.argv[2] ?? '') as LoadSpec))}\n`);
process.exit(0);
