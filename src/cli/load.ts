import { existsSync } from 'node:fs';
import { Option } from 'commander';
import { type Loaded, loadConfig } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import { type CliContext, CommandError } from './context.ts';

/** What `breakwater init` calls the file. */
const USUAL = 'proxy.yaml';

/** `-c FILE`, the same on every command that needs a configuration. */
export function configOption(): Option {
  return new Option('-c, --config <file>', 'configuration file (or BREAKWATER_CONFIG); without one the presets run');
}

/** The file that `-c` names, else BREAKWATER_CONFIG; undefined where neither does. */
export function configFile(option: string | undefined, { env }: CliContext): string | undefined {
  const named = env['BREAKWATER_CONFIG'];
  return option ?? (named === '' ? undefined : named);
}

/** Loads the configuration that `option` or BREAKWATER_CONFIG names; every problem goes to standard error, with its place, and the command ends with 2. */
export function loadOrExplain(option: string | undefined, context: CliContext): Loaded {
  const file = configFile(option, context);
  const result = loadConfig(file, context.env);
  if (!result.ok) {
    for (const problem of result.problems) context.err(`${formatProblem(problem)}\n`);
    const count = result.problems.length;
    throw new CommandError(`${file ?? 'the presets'}: ${count} problem${count === 1 ? '' : 's'}`, 2);
  }
  if (file === undefined && existsSync(USUAL))
    context.err(`breakwater: ./${USUAL} is here and not used: -c ${USUAL} runs it, without -c the presets run\n`);
  for (const note of result.notes) context.err(`breakwater: ${note}\n`);
  return result;
}
