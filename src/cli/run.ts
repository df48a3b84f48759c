import { Command } from 'commander';
import type { Running } from '../app/running.ts';
import type { CliContext, ExitCode } from './context.ts';
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
      const app = await startOrExplain(loadOrExplain(options.config, context), context, 1);
      ended(await untilStopped(app));
    });
}

/** Drains on the first SIGTERM or SIGINT; a second one ends it at once. */
function untilStopped(app: Running): Promise<ExitCode> {
  return new Promise((resolve) => {
    let stopping = false;
    const stop = (): void => {
      if (stopping) process.exit(1);
      stopping = true;
      void app.stop().then(() => {
        process.off('SIGHUP', reload);
        resolve(0);
      });
    };
    const reload = (): void => void app.reload('SIGHUP');
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    process.on('SIGHUP', reload);
  });
}
