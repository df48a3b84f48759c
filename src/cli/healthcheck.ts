import { Command } from 'commander';
import { urlOf } from './admin-client.ts';
import type { CliContext, ExitCode } from './context.ts';
import { loadAdmin } from '../config/load.ts';
import { localUrl } from '../app/paths.ts';
import { get } from '../model/node-http.ts';
import { configFile, configOption, loadOrExplain } from './load.ts';

/** `breakwater healthcheck`: for container platforms, so that an image needs no curl. */
export function healthcheckCommand(context: CliContext, ended: (code: ExitCode) => void): Command {
  return new Command('healthcheck')
    .description('Ask a running sidecar whether it serves; exit code 0 if so. Never fails for an upstream that is down.')
    .addOption(configOption())
    .option('--url <url>', 'ask this address instead of the one in the configuration')
    .action(async (options: { config?: string; url?: string }) => {
      const url = options.url === undefined ? readyUrl(options.config, context) : urlOf('--url', options.url);
      const status = await statusOf(url);
      if (status !== 200) context.err(`breakwater: ${url} ${status === undefined ? 'did not answer' : `answered ${status}`}\n`);
      ended(status === 200 ? 0 : 1);
    });
}

function readyUrl(option: string | undefined, context: CliContext): string {
  const file = configFile(option, context);
  // a sidecar that has refused this file serves on with the one before
  const told = file === undefined ? undefined : loadAdmin(file, context.env);
  const admin = told ?? loadOrExplain(file, context).config.admin;
  return `${localUrl(admin)}/health/ready`;
}

function statusOf(url: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { timeout: 2000, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
  });
}
