import { Command, CommanderError } from 'commander';
import { version } from '../app/version.ts';
import { cacheCommand } from './cache.ts';
import { checkCommand } from './check.ts';
import { type CliContext, CommandError, type ExitCode } from './context.ts';
import { envCommand } from './env.ts';
import { execCommand } from './exec.ts';
import { explainCommand } from './explain.ts';
import { healthcheckCommand } from './healthcheck.ts';
import { initCommand } from './init.ts';
import { runCommand } from './run.ts';

/** Runs the command line. Settles with the exit code once everything that the command started has been closed. */
export async function run(args: readonly string[], context: CliContext): Promise<ExitCode> {
  const program = new Command('breakwater')
    .description(
      'A sidecar resilience proxy: timeouts, safe retries, circuit breakers and a cache for calls to other people’s APIs, with the backend unchanged.',
    )
    .version(version())
    .exitOverride()
    .configureOutput({ writeOut: context.out, writeErr: context.err })
    .showHelpAfterError('(add --help for what it takes)')
    .enablePositionalOptions();
  let exitCode: ExitCode = 0;
  const ended = (code: ExitCode): void => {
    exitCode = code;
  };
  for (const make of [runCommand, execCommand, envCommand, initCommand, checkCommand, explainCommand, cacheCommand, healthcheckCommand]) {
    const command = make(context, ended).copyInheritedSettings(program);
    for (const sub of command.commands) sub.copyInheritedSettings(command);
    program.addCommand(command);
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return failed(error, context);
  }
}

/** Usage errors are 2; `--help` and `--version` are no errors. */
function failed(error: unknown, context: CliContext): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!(error instanceof CommandError)) throw error;
  context.err(`breakwater: ${error.message}\n`);
  return error.exitCode;
}
