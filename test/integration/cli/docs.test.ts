import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { commandLine } from '../../support/command-line.ts';

/** The words of a help text that begin its lines: commands, or the long names of options. */
async function offered(command: readonly string[], what: RegExp): Promise<string[]> {
  const { stdout } = await commandLine([...command, '--help']);
  return [...stdout.matchAll(what)].map(([, name = '']) => name).filter((name) => !['help', '--help', '--version'].includes(name));
}

const COMMAND = /^  ([a-z]+) (?:\[|  )/gm;
const OPTION = /^  (?:-\w, )?(--[a-z-]+)/gm;

it('docs/operations.md lists every command with its options, and no other', async () => {
  const file = readFileSync(resolve(import.meta.dirname, '../../../docs/operations.md'), 'utf8');
  const rows = [...file.matchAll(/^\| `([a-z ]+?)((?: [^`a-z][^`]*)?)` +\| (.*)$/gm)];
  const listed = rows.map(([, name = '', , text = '']) => [
    name,
    [...text.matchAll(/`(?:-\w, )?(--[a-z-]+)/g)].map(([, option = '']) => option).toSorted(),
  ]);
  const commands = (await offered([], COMMAND)).flatMap((name) => (name === 'cache' ? [] : [[name]]));
  for (const name of await offered(['cache'], COMMAND)) commands.push(['cache', name]);
  const known = await Promise.all(commands.map(async (name) => [name.join(' '), (await offered(name, OPTION)).toSorted()]));
  expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(known));
});
