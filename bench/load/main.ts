import { closedLoop, closedLoops } from './closed.ts';
import type { JointSpec, LoadResult, LoadSpec } from './spec.ts';
import { storm } from './storm.ts';
import { events, websocket } from './streams.ts';
import { turns } from './turns.ts';

/** Runs the load that the JSON document in argv[2] describes and prints what came of it, as one line of JSON. */
function load(spec: LoadSpec | JointSpec): Promise<LoadResult | readonly LoadResult[] | readonly number[]> {
  switch (spec.kind) {
    case 'closed':
      return closedLoop(spec);
    case 'each':
      return closedLoops(spec);
    case 'turns':
      return turns(spec);
    case 'websocket':
      return websocket(spec);
    case 'events':
      return events(spec);
    case 'storm':
      return storm(spec);
  }
}

process.stdout.write(`${JSON.stringify(await load(JSON.parse(process.argv[2] ?? '') as LoadSpec | JointSpec))}\n`);
process.exit(0);
