import { Command } from 'commander';
import { urlOf } from './admin-client.ts';
import type { CliContext, ExitCode } from './context.ts';
import { type AdminFound, loadAdmin } from '../config/load-admin.ts';
import { localUrl } from '../app/paths.ts';
import { get } from '../model/node-http.ts';
import { configFile, configOption } from './load.ts';

/** `breakwater healthcheck`: for container platforms, so that an image needs no curl. */
export function healthcheckCommand(context: CliContext, ended: (code: ExitCode) => void): Command {
  return new Command('healthcheck')
    .description('Ask a running sidecar whether it serves; exit code 0 if so. Never fails for an upstream that is down.')
    .addOption(configOption())
    .option('--url <url>', 'ask this address instead of the one in the configuration')
    .action(async (options: { config?: string; url?: string }) => {
      const found = options.url === undefined ? loadAdmin(configFile(options.config, context), context.env) : undefined;
      const url = found === undefined ? urlOf('--url', options.url ?? '') : readyUrl(found);
      if (found?.problem !== undefined) context.err(`breakwater: ${found.problem}: asking ${url}, ${HOW[found.from]}\n`);
      const status = await statusOf(url);
      if (status !== 200) context.err(`breakwater: ${url} ${status === undefined ? 'did not answer' : `answered ${status}`}\n`);
      const guessed = found?.from === 'default' && found.problem !== undefined;
      ended(status === 200 ? 0 : guessed ? 2 : 1);
    });
}

const HOW = { file: 'as it says', 'its admin block': 'as its admin block says', default: 'the default' } as const satisfies Record<
  AdminFound['from'],
  string
>;

function readyUrl({ admin }: AdminFound): string {
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
