import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Length of the kernel's clock tick: USER_HZ is 100 on every Linux that Node runs on. */
const TICK_US = 10_000;

/** The fields of /proc/PID/stat that count here. The name, which may hold spaces and brackets, is skipped. */
export function parseStat(text: string): { parent: number; cpuUs: number } {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(fields[1]), cpuUs: (Number(fields[11]) + Number(fields[12])) * TICK_US };
}

/** A value of /proc/PID/status in bytes (`VmRSS`, `VmHWM`); 0 where it is not there. */
export function parseStatus(text: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
}

/** The process and all its descendants that live. */
export function family(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const text = Number.isInteger(pid) ? read(`/proc/${name}/stat`) : undefined;
    if (text === undefined) continue;
    const { parent } = parseStat(text);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found = [root];
  for (let i = 0; i < found.length; i++) found.push(...(children.get(found[i] ?? 0) ?? []));
  return found;
}

/** CPU time that a process and its descendants have used, user and system, in microseconds, in steps of 10,000. */
export function cpuUs(root: number): number {
  return sumOver(root, (pid) => parseStat(read(`/proc/${pid}/stat`) ?? ') X 0').cpuUs || 0);
}

/** Resident memory of a process and its descendants, in bytes. `peak`: the most that it ever was, or since `forgetPeak`. */
export function residentBytes(root: number, peak = false): number {
  return sumOver(root, (pid) => parseStatus(read(`/proc/${pid}/status`) ?? '', peak ? 'VmHWM' : 'VmRSS'));
}

/** Lets the peaks of a process and its descendants count from now on. Where the system does not allow it they stay those of the whole life. */
export function forgetPeak(root: number): void {
  for (const pid of family(root)) {
    try {
      writeFileSync(`/proc/${pid}/clear_refs`, '5');
    } catch {
      // gone, or not allowed
    }
  }
}

function sumOver(root: number, value: (pid: number) => number): number {
  return family(root).reduce((sum, pid) => sum + value(pid), 0);
}

/** A file of a process that may be gone by now. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
