import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { explain } from '../app/explain/explain.ts';
import { explanationText } from '../app/explain/explain-text.ts';
import { METHODS } from '../model/node-http.ts';
import { type CliContext, CommandError, type ExitCode } from './context.ts';
import { configOption, loadOrExplain } from './load.ts';

interface Options {
  readonly config?: string;
  readonly header?: readonly (readonly [string, string])[];
  readonly data?: string;
  readonly json?: true;
}

/** `breakwater explain METHOD URL`: what would be done with a request, without sending it. */
export function explainCommand(context: CliContext, ended: (code: ExitCode) => void): Command {
  return new Command('explain')
    .description('Say which upstream and route a request takes, its policies in order, and what each kind of failure would come to. Sends nothing.')
    .argument('<method>', 'GET, POST ...')
    .argument('<url>', 'https://host/path, or /prefix/path')
    .addOption(configOption())
    .option('-H, --header <field>', 'a request header, as with curl; may be given more than once', collectHeader)
    .option('-d, --data <body>', 'the request body; @FILE reads it from a file')
    .option('--json', 'print JSON')
    .addHelpText('after', `\nExample:\n  breakwater explain POST https://graph.facebook.com/v23.0/1/messages -d '{"status":"read"}'`)
    .action(async (method: string, url: string, options: Options) => {
      const named = method.toUpperCase();
      if (!METHODS.includes(named)) throw new CommandError(`the proxy answers 501: ${named} is no method that is known here`, 1);
      const { config } = loadOrExplain(options.config, context);
      const body = options.data === undefined ? undefined : readBody(options.data);
      const explanation = await explain(config, { method: named, url, headers: options.header ?? [], body });
      if (typeof explanation === 'string') throw new CommandError(explanation, 1);
      context.out(options.json === true ? `${JSON.stringify(explanation, null, 2)}\n` : `${explanationText(explanation)}\n`);
      ended(0);
    });
}

function collectHeader(field: string, before: readonly (readonly [string, string])[] = []): readonly (readonly [string, string])[] {
  const colon = field.indexOf(':');
  if (colon < 1) throw new CommandError(`--header ${JSON.stringify(field)}: expected "Name: value"`, 2);
  return [...before, [field.slice(0, colon).trim().toLowerCase(), field.slice(colon + 1).trim()]];
}

function readBody(data: string): string {
  if (!data.startsWith('@')) return data;
  try {
    return readFileSync(data.slice(1), 'utf8');
  } catch (error) {
    throw new CommandError(`cannot read ${data.slice(1)}: ${(error as Error).message}`, 1);
  }
}
