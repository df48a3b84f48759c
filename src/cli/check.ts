import { Command } from 'commander';
import { describeConfig } from '../config/describe.ts';
import type { CliContext, ExitCode } from './context.ts';
import { loadOrExplain } from './load.ts';

/** `breakwater check FILE`: whether a file is right, before it runs. */
export function checkCommand(context: CliContext, ended: (code: ExitCode) => void): Command {
  return new Command('check')
    .description('Validate a configuration file; every problem is printed with its place. Exit code 0 if it is right, 2 if not.')
    .argument('<file>', 'the configuration file')
    .option('--print', 'print the settings, presets merged in, without secrets; where nothing is said the defaults of docs/configuration.md hold')
    .action((file: string, options: { print?: boolean }) => {
      const { config } = loadOrExplain(file, context);
      if (options.print === true) context.out(`${JSON.stringify(describeConfig(config), null, 2)}\n`);
      else context.out(`${file}: ok, ${Object.keys(config.upstreams).length} upstreams: ${Object.keys(config.upstreams).join(', ')}\n`);
      ended(0);
    });
}
