import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { exampleYaml } from '../config/example.ts';
import { type CliContext, CommandError, type ExitCode } from './context.ts';

/** `breakwater init`: a configuration to start from. */
export function initCommand(context: CliContext, ended: (code: ExitCode) => void): Command {
  return new Command('init')
    .description('Write a commented proxy.yaml.')
    .argument('[file]', 'where to write it; - for standard output', 'proxy.yaml')
    .option('--force', 'replace the file if it is there')
    .action((file: string, options: { force?: boolean }) => {
      if (file === '-') context.out(exampleYaml());
      else write(file, options.force === true, context);
      ended(0);
    });
}

function write(file: string, force: boolean, context: CliContext): void {
  try {
    writeFileSync(file, exampleYaml(), { flag: force ? 'w' : 'wx' });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CommandError(code === 'EEXIST' ? `${file} is already there; --force replaces it` : `cannot write ${file}: ${message}`, 1);
  }
  context.err(`wrote ${file}\nnext: breakwater check ${file}, then breakwater run -c ${file}\n`);
}
