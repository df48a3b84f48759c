import { mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dialDirect, dialThrough } from './dial.ts';
import { figuresOf } from './figures.ts';
import { type Incident, playHalf, startWorld } from './half.ts';
import { failuresOf, goalsOf, ownWords, tableOf } from './report.ts';
import { startSidecar } from '../../test/e2e/sidecar.ts';

// Replays the incident: the same backend, the same load, the same bad weather, once direct as today and once through Breakwater, side by side
// at the same time, each with simulated upstreams of its own. Exit code 1 where a goal is missed.
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    direct: { type: 'boolean', default: false },
    seed: { type: 'string', default: '7' },
    seconds: { type: 'string' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const HELP = `npm run demo -- [--quick] [--seed N] [--seconds N] [--direct]
  --quick      24 s of load, no fault that keeps a direct caller over 20 s
  --seed N     another incident (7)
  --seconds N  length of the load (110)
  --direct     only the half without Breakwater
  --keep       leaves the configuration and the log of Breakwater, and says where
`;

/** What an operator would write: people wait for 15 s, and the answer has to find its way back. */
const OVERRIDES = { gemini: { timeouts: { total: '14.5s' } } };

async function demo(): Promise<number> {
  const seconds = Number(values.seconds ?? (values.quick ? 24 : 110));
  const incident: Incident = {
    seed: Number(values.seed),
    durationMs: seconds * 1000,
    perSecond: values.quick ? 3 : 4,
    rttMs: 25,
    gentle: values.quick,
  };
  const stage = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'breakwater-demo-'));
  stage.defer(async () => {
    if (values.keep) console.log(`\nconfiguration and log of Breakwater: ${directory}`);
    else await rm(directory, { recursive: true, force: true });
  });
  const interrupted = interruption();
  const played = values.direct ? directAlone(incident, stage) : sideBySide(incident, directory, stage);
  try {
    return await Promise.race([played, interrupted]);
  } finally {
    // what is under way fails when its stage goes
    played.catch(() => undefined);
    await stage.disposeAsync();
  }
}

/** Settles with the exit code that a shell gives for it when somebody has seen enough. A second signal ends the process at once. */
function interruption(): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(128 + constants.signals[signal]));
  });
}

async function directAlone(incident: Incident, stage: AsyncDisposableStack): Promise<number> {
  const sim = stage.use(await startWorld(incident));
  const figures = figuresOf(await playHalf(incident, sim, dialDirect(sim.addresses, sim.ca)), sim);
  console.log(`${tableOf(figures, figures)}\n\n${failuresOf('direct', figures, 30)}`);
  return 0;
}

async function sideBySide(incident: Incident, directory: string, stage: AsyncDisposableStack): Promise<number> {
  const directSim = stage.use(await startWorld(incident));
  const throughSim = stage.use(await startWorld(incident));
  const sidecar = stage.use(await startSidecar(throughSim, directory, OVERRIDES));
  console.log(introduction(incident));
  const [directly, through] = await Promise.all([
    playHalf(incident, directSim, dialDirect(directSim.addresses, directSim.ca)),
    playHalf(incident, throughSim, dialThrough(sidecar.proxy, sidecar.bundle)),
  ]);
  const [direct, breakwater] = [figuresOf(directly, directSim), figuresOf(through, throughSim)];
  const goals = goalsOf(direct, breakwater);
  const verdicts = goals.map(({ words, met }) => `  ${met ? 'met   ' : 'MISSED'}  ${words}`).join('\n');
  console.log(
    [
      tableOf(direct, breakwater),
      failuresOf('direct', direct),
      failuresOf('Breakwater', breakwater),
      await ownWords(sidecar.adminUrl),
      `Goals\n${verdicts}`,
    ].join('\n\n'),
  );
  return goals.every(({ met }) => met) ? 0 : 1;
}

function introduction({ durationMs, perSecond, rttMs, seed }: Incident): string {
  return [
    `The incident, for ${durationMs / 1000} s, ${perSecond} inbound requests a second, ${rttMs} ms of network a round trip, seed ${seed}.`,
    'direct:      a new connection for each call, time-outs of 20 s (WhatsApp), 45 s (Gemini), 10 s (Supabase), no second try',
    'Breakwater:  the same backend with HTTPS_PROXY set; the presets as they are, but for 14.5 s in all for Gemini',
    '',
  ].join('\n');
}

if (values.help) process.stdout.write(HELP);
else process.exit(await demo());
