import { pathOf } from '../../model/target.ts';

/**
 * Whether a path leads to the tables below a prefix although it does not begin with it: by percent-encoding, doubled slashes or dot segments, which servers and gateways undo. What reads and writes are told
 * apart by does not hold for it.
 */
export function isDisguised(prefix: string, target: string): boolean {
  if (target.startsWith(prefix)) return false;
  const path = pathOf(target);
  if (!path.includes('%') && !/\/[/.]/.test(path)) return false;
  try {
    return resolved(decodeURIComponent(path)).startsWith(prefix);
  } catch {
    return true;
  }
}

function resolved(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  return `/${kept.join('/')}`;
}
