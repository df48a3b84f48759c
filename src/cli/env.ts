import { Command, Option } from 'commander';
import { ENV_FORMATS, type EnvFormat, environmentOf, formatEnvironment } from '../app/environment.ts';
import { bundlePath, localUrl } from '../app/paths.ts';
import { keyWarning, loadAuthority } from '../tls/load-authority.ts';
import { type CliContext, CommandError, type ExitCode } from './context.ts';
import { configOption, loadOrExplain } from './load.ts';
import { orExplain } from './start.ts';

/** `breakwater env`: what the backend's environment has to say. */
export function envCommand(context: CliContext, ended: (code: ExitCode) => void): Command {
  return new Command('env')
    .description('Print the variables that send a backend through the proxy.')
    .addOption(configOption())
    .addOption(new Option('--format <format>', 'how to print them').choices(ENV_FORMATS).default('sh'))
    .addHelpText('after', '\nExample:\n  eval "$(breakwater env -c proxy.yaml)" && uvicorn app:app')
    .action(async (options: { config?: string; format: EnvFormat }) => {
      const { config } = loadOrExplain(options.config, context);
      // a client that starts before the proxy must find the file: httpx fails where SSL_CERT_FILE names none
      await orExplain(() => loadAuthority(config.intercept.ca));
      const warning = await keyWarning(config.intercept.ca);
      if (warning !== undefined) context.err(`breakwater: ${warning}\n`);
      if (config.listen.port === 0)
        throw new CommandError(
          'listen.port is 0, so that only the running sidecar knows its port: set one, or start the backend by `breakwater exec`',
          2,
        );
      const noProxy = context.env['NO_PROXY'] ?? context.env['no_proxy'];
      const variables = environmentOf({ proxyUrl: localUrl(config.listen), bundle: bundlePath(config), noProxy });
      context.out(formatEnvironment(variables, options.format));
      ended(0);
    });
}
