import { Command, Option } from 'commander';
import type { CacheEntryView, PurgeRequest } from '../cache/admin.ts';
import { type AdminAddress, adminOf, askAdmin } from './admin-client.ts';
import { type CliContext, CommandError, type ExitCode } from './context.ts';
import { configOption } from './load.ts';

interface Where {
  readonly config?: string;
  readonly admin?: string;
}

type Ended = (code: ExitCode) => void;

/** `breakwater cache ls|get|purge`: looks into the cache of a running sidecar over its admin API. */
export function cacheCommand(context: CliContext, ended: Ended): Command {
  const command = new Command('cache').description('Look into the cache of a running sidecar, and purge it.');
  const sub = (name: string, description: string): Command =>
    command
      .command(name)
      .description(description)
      .addOption(configOption())
      .option('--admin <url>', 'address of the admin listener, instead of the one in the configuration')
      .option('--json', 'print JSON');
  list(sub('ls', 'List stored answers.'), context, ended);
  show(sub('get', 'Show what is stored for one URL.'), context, ended);
  purge(sub('purge', 'Drop stored answers: by URL, or by one of the options.'), context, ended);
  return command;
}

function list(command: Command, context: CliContext, ended: Ended): void {
  command
    .option('--upstream <name>')
    .option('--route <name>')
    .option('--prefix <url>', 'URLs that begin with this')
    .option('--limit <n>', 'how many at the most', '100')
    .action(async (options: Where & Record<string, string | true>) => {
      const query = new URLSearchParams(
        ['upstream', 'route', 'prefix', 'limit'].flatMap((name) => (name in options ? [[name, String(options[name])]] : [])),
      );
      const found = await look(adminOf(options, context), `/api/cache?${query.toString()}`);
      print(context, found, options['json'] === true);
      ended(found.problem === undefined ? 0 : 1);
    });
}

function show(command: Command, context: CliContext, ended: Ended): void {
  command.argument('<url>').action(async (url: string, options: Where & { json?: true }) => {
    const found = await look(adminOf(options, context), `/api/cache?${new URLSearchParams({ url }).toString()}`);
    print(context, found, options.json === true);
    ended(found.entries.length === 0 ? 1 : 0);
  });
}

function purge(command: Command, context: CliContext, ended: Ended): void {
  command
    .argument('[url]')
    .option('--prefix <url>', 'URLs that begin with this')
    .option('--tag <tag>', 'a surrogate key or table')
    .option('--route <name>')
    .option('--upstream <name>', 'everything of an upstream, or with --tag and --route, of that upstream alone')
    .addOption(new Option('--all', 'everything'))
    .option('--soft', 'serve them as stale while they are fetched anew')
    .action(async (url: string | undefined, options: Where & PurgeRequest & { json?: true }) => {
      const { prefix, tag, route, upstream, all, soft } = options;
      const request = Object.fromEntries(Object.entries({ url, prefix, tag, route, upstream, all, soft }).filter(([, value]) => value !== undefined));
      if (Object.keys(request).every((name) => name === 'soft'))
        throw new CommandError('name what to purge: a URL, --prefix, --tag, --route, --upstream or --all', 2);
      const answer = await askAdmin(adminOf(options, context), 'POST', '/api/cache/purge', request);
      context.out(options.json === true ? `${JSON.stringify(answer)}\n` : `${(answer as { purged: number }).purged} purged\n`);
      ended(0);
    });
}

interface Found {
  readonly entries: readonly CacheEntryView[];
  /** What keeps the store from being used. */
  readonly problem: string | undefined;
}

async function look(base: AdminAddress, path: string): Promise<Found> {
  const { entries, store } = (await askAdmin(base, 'GET', path)) as { entries: CacheEntryView[]; store?: { problem?: string } };
  return { entries, problem: store?.problem };
}

function print(context: CliContext, { entries, problem }: Found, asJson: boolean): void {
  if (problem !== undefined) context.err(`nothing can be found: ${problem}\n`);
  if (asJson) return context.out(`${JSON.stringify(entries, null, 2)}\n`);
  if (entries.length === 0 && problem === undefined) context.err('nothing is stored\n');
  for (const { url, status, ageSeconds, ttlSeconds, bytes, upstream, route, identity, tags, softPurged } of entries) {
    const who = identity === '' ? '' : ` user ${identity}`;
    context.out(
      `${status} ${url}\n    ${upstream}/${route}${who}  age ${ageSeconds} s  ttl ${ttlSeconds} s${softPurged ? '  purged, served as stale' : ''}  ${bytes} bytes  tags ${tags.join(' ') || '-'}\n`,
    );
  }
}
