import { run } from '../../src/cli/program.ts';
import type { CommandResult } from './breakwater.ts';

/** Runs `breakwater ARGS` to its end in this process, which costs no start of one: for commands that need neither signals nor descriptors. */
export async function commandLine(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
  let [stdout, stderr] = ['', ''];
  const code = await run(args, {
    env,
    out: (text) => {
      stdout += text;
    },
    err: (text) => {
      stderr += text;
    },
  });
  return { code, stdout, stderr };
}
