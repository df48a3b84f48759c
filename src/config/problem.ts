/** A place in a configuration file. Lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong with a configuration, where it stands and what would be right. */
export interface Problem extends Place {
  /** The setting, `upstreams.supabase.timeouts.connect`; empty where the file as a whole is meant. */
  readonly path: string;
  /** What was expected and what came, in one line. Never the value of a variable: it may be a secret. */
  readonly message: string;
  /** What to do about it, where that can be said. */
  readonly hint?: string | undefined;
}

/** One line for people and editors: `proxy.yaml:6:18 upstreams.supabase.timeouts.connect: expected a duration such as 250ms, 5s or 2m, got "5 sec"`. */
export function formatProblem(problem: Problem): string {
  const { file, line, column, path, message, hint } = problem;
  const subject = path === '' ? '' : ` ${path}:`;
  return `${file}:${line}:${column}${subject} ${message}${hint === undefined ? '' : ` (${hint})`}`;
}

/** Problems in the order of the files and lines, each told once: an anchor that is used twice is wrong once. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  const once = problems.filter((problem) => {
    const key = `${problem.file}:${problem.line}:${problem.column}:${problem.message}`;
    return !seen.has(key) && seen.add(key);
  });
  const files = [...new Set(problems.map((problem) => problem.file))];
  return once.toSorted((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column);
}
