import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadConfig, type LoadResult } from '../../../src/config/load.ts';
import { formatProblem } from '../../../src/config/problem.ts';
import type { Config } from '../../../src/config/schema.ts';

/** A directory of configuration files that goes when the test ends. */
export class ConfigDirectory implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'breakwater-config-'));

  /** Writes a file and gives its absolute name. */
  write(name: string, text: string): string {
    const file = join(this.path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  load(text: string, env: Record<string, string> = {}): LoadResult {
    return loadConfig(this.write('proxy.yaml', text), env);
  }

  /** What is wrong with a text, a line each; file names as seen from this directory. */
  problems(text: string, env: Record<string, string> = {}): string[] {
    const result = this.load(text, env);
    return result.ok ? [] : result.problems.map((problem) => formatProblem(problem).replaceAll(`${this.path}/`, ''));
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

/** What is wrong with a text. */
export function problemsOf(text: string, env: Record<string, string> = {}): string[] {
  using directory = new ConfigDirectory();
  return directory.problems(text, env);
}

/** The configuration that a text comes to; throws where it has problems. */
export function configOf(text: string, env: Record<string, string> = {}): Config {
  using directory = new ConfigDirectory();
  const result = directory.load(text, env);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.config;
}

/** What is told of a text that has no problems. */
export function notesOf(text: string): readonly string[] {
  using directory = new ConfigDirectory();
  const result = directory.load(text);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.notes.map((note) => note.replaceAll(`${directory.path}/`, ''));
}

const UPSTREAM = 'version: 1\nupstreams:\n  api:\n    origin: https://api.example\n';

/** What is wrong with lines under an upstream `api`; they begin in line 5, column 5. */
export function inUpstream(...lines: string[]): string[] {
  return problemsOf(`${UPSTREAM}${lines.map((line) => `    ${line}\n`).join('')}`);
}
