import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { Command } from 'commander';
import { settleEngine } from '../app/engine.ts';
import type { Running } from '../app/running.ts';
import { environmentOf } from '../app/environment.ts';
import { tellCrashes } from '../telemetry/crash.ts';
import { type CliContext, CommandError, type ExitCode } from './context.ts';
import type { EarlySignals } from './early-signals.ts';
import { configOption, loadOrExplain } from './load.ts';
import { orExplain, startOrExplain } from './start.ts';

/** Signals that a supervisor or a person sends to a program and that the backend has to see. */
const PASSED_ON = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGWINCH'] as const;

/** Those that end a program that does nothing about them, and that a supervisor sends for that. */
const ENDING: ReadonlySet<NodeJS.Signals> = new Set(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const);

/** `breakwater exec -- CMD`: the backend with the proxy in front of it, as one process to start and stop. */
export function execCommand(context: CliContext, ended: (code: ExitCode) => void): Command {
  return new Command('exec')
    .description('Start the proxy, run a command with the environment set, and end with its exit code.')
    .addOption(configOption())
    .argument('<command...>', 'the command and its arguments, after --')
    .passThroughOptions()
    .addHelpText('after', '\nExample:\n  breakwater exec -c proxy.yaml -- uvicorn app:app --port 8000\nLogs of the proxy go to standard error.')
    .action(async (command: string[], options: { config?: string }) => {
      settleEngine();
      const signals = hearSignals(context.early);
      const takeBack = tellCrashes(2);
      try {
        const app = await startOrExplain(loadOrExplain(options.config, context), context, 2);
        try {
          // the bundle has to be there before the command reads its environment
          await orExplain(() => app.authority());
          ended(await runUnder(app, command, context, signals));
        } finally {
          signals.close();
          await app.stop();
        }
      } finally {
        takeBack();
        signals.close();
      }
    });
}

function runUnder(app: Running, [file = '', ...args]: string[], context: CliContext, signals: Signals): Promise<ExitCode> {
  if (signals.ending !== undefined) return Promise.resolve(codeOf(signals.ending));
  const variables = environmentOf({ proxyUrl: app.proxyUrl, bundle: app.bundle, noProxy: context.env['NO_PROXY'] ?? context.env['no_proxy'] });
  const child = spawn(file, args, { stdio: 'inherit', env: { ...context.env, ...variables } });
  signals.child = child;
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => reject(notRun(file, error)));
    child.on('exit', (code, signal) => resolve(code ?? (signal === null ? 128 : codeOf(signal))));
  });
}

/** As a shell says that a signal ended a command. */
function codeOf(signal: NodeJS.Signals): ExitCode {
  return 128 + constants.signals[signal];
}

/** As a shell says it: 127 not found, 126 not to be run. */
function notRun(file: string, { code, message }: NodeJS.ErrnoException): CommandError {
  const hint = file.includes('/') ? '' : ` on PATH; from a virtual environment: activate it first, or give its path, .venv/bin/${file}`;
  if (code === 'ENOENT') return new CommandError(`cannot run ${file}: not found${hint}`, 127);
  return new CommandError(`cannot run ${file}: ${code === 'EACCES' ? 'it is not executable' : message}`, 126);
}

/** Signals on their way to the command. */
interface Signals {
  /** Where they go; absent before it runs. */
  child?: ChildProcess;
  /** What told us to end before it ran. */
  ending?: NodeJS.Signals;
  close(): void;
}

/** Hears signals from the start on: as the first process of a container it would else miss one that comes early. From a terminal SIGINT reaches the whole group by itself. */
function hearSignals(early: EarlySignals | undefined): Signals {
  const handlers = PASSED_ON.map((signal) => {
    const handler = (): void => {
      if (signals.child !== undefined && !(signal === 'SIGINT' && process.stdin.isTTY)) signals.child.kill(signal);
      if (signals.child === undefined && ENDING.has(signal)) signals.ending ??= signal;
    };
    process.on(signal, handler);
    return { signal, handler };
  });
  const signals: Signals = {
    close: () => {
      for (const { signal, handler } of handlers) process.off(signal, handler);
    },
  };
  for (const signal of early?.take() ?? []) if (ENDING.has(signal)) signals.ending ??= signal;
  return signals;
}
