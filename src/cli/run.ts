import { Command } from 'commander';
import { settleEngine } from '../app/engine.ts';
import type { Running } from '../app/running.ts';
import { tellCrashes } from '../telemetry/crash.ts';
import type { CliContext, ExitCode } from './context.ts';
import type { EarlySignals } from './early-signals.ts';
import { configOption, loadOrExplain } from './load.ts';
import { startOrExplain } from './start.ts';

/** `breakwater run`: serves until SIGTERM or SIGINT, then drains. */
export function runCommand(context: CliContext, ended: (code: ExitCode) => void): Command {
  return new Command('run')
    .description('Serve the proxy and the admin pages until SIGTERM or SIGINT; then finish what is under way.')
    .addOption(configOption())
    .addHelpText(
      'after',
      '\nWithout --config the three presets run: WhatsApp Cloud API, Gemini and, where SUPABASE_URL is set, Supabase.\nSIGHUP, or a change of the file, loads it anew; a bad file is refused and the old one stays.',
    )
    .action(async (options: { config?: string }) => {
      settleEngine();
      const orders = listen(context.early);
      const takeBack = tellCrashes(1);
      try {
        const loaded = loadOrExplain(options.config, context);
        if (orders.stopping) return ended(0);
        const app = await startOrExplain(loaded, context, 1);
        ended(await untilStopped(app, orders));
      } finally {
        takeBack();
        orders.close();
      }
    });
}

/** What signals ask of the process. */
interface Orders {
  /** Settles with the first SIGTERM or SIGINT. */
  readonly toStop: Promise<void>;
  /** Whether one has come. */
  readonly stopping: boolean;
  /** What SIGHUP does; nothing before it is set. */
  reload: () => void;
  close(): void;
}

/**
 * Heard before anything is started, and `early` from before the program was loaded: as the first process of a container it would else never see a SIGTERM that comes early, and be killed after the time of
 * grace. A second one ends it at once.
 */
function listen(early: EarlySignals | undefined): Orders {
  const { promise: toStop, resolve } = Promise.withResolvers<void>();
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    resolve();
  };
  const reload = (): void => orders.reload();
  const handlers = { SIGTERM: stop, SIGINT: stop, SIGHUP: reload };
  const orders: Orders = {
    toStop,
    get stopping() {
      return stopping;
    },
    reload: () => undefined,
    close: () => {
      for (const [signal, handler] of Object.entries(handlers)) process.off(signal, handler);
    },
  };
  for (const [signal, handler] of Object.entries(handlers)) process.on(signal, handler);
  for (const signal of early?.take() ?? []) {
    if (signal in handlers) handlers[signal as keyof typeof handlers]();
    else process.kill(process.pid, signal);
  }
  return orders;
}

/** Serves until it is told to stop, then drains. */
async function untilStopped(app: Running, orders: Orders): Promise<ExitCode> {
  orders.reload = () => void app.reload('SIGHUP');
  await orders.toStop;
  await app.stop();
  return 0;
}
