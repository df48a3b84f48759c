import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the measurements that are programs of their own printed, as `keep.ts` keeps it: results/printed/NAME.txt. */
export function printedText(directory: string): string[] {
  const printed = join(directory, 'printed');
  if (!existsSync(printed)) return [];
  const files = readdirSync(printed).filter((file) => file.endsWith('.txt'));
  if (files.length === 0) return [];
  return ['## Other measurements', ...files.toSorted().map((file) => onePart(file, readFileSync(join(printed, file), 'utf8')))];
}

/** The first line of a file says how it was made. */
function onePart(file: string, text: string): string {
  const [made = '', ...rest] = text.trimEnd().split('\n');
  return `### ${file.replace(/\.txt$/, '')}\n\n${made}\n\n\`\`\`\n${rest.join('\n')}\n\`\`\``;
}
