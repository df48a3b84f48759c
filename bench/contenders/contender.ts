import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificates } from '../lib/certificates.ts';
import { announcedPort, freePort, PROXY_CORE, type Program, start } from '../lib/process.ts';

/** What a contender is asked to do: forward, answer from a cache, or intercept TLS for those who use it as a forward proxy. */
export type Mode = 'reverse' | 'cache' | 'intercept';

/** What a contender is set up for. */
export interface Setup {
  readonly mode: Mode;
  /** The origin on loopback; its certificate is for `localhost`. */
  readonly upstream: { readonly scheme: 'http' | 'https'; readonly port: number };
  readonly certificates: Certificates;
  /** Where files may be written. */
  readonly directory: string;
  /** Connections to the origin, at most. */
  readonly connections: number;
  /** True where small pieces have to arrive as they are sent: for those who collect them unless told. */
  readonly interactive: boolean;
}

/** A contender that runs. */
export interface Endpoint {
  readonly port: number;
  /** What stands before every path. */
  readonly prefix: string;
  /** Undefined where there is none: the load goes straight to the origin. */
  readonly program: Program | undefined;
  /** True for a server that answers by itself and is spoken to as the origin would be. */
  readonly isOrigin?: boolean;
}

/** One program to be compared. */
export interface Contender {
  readonly name: string;
  /** What it is and how it is set, for the table. */
  readonly title: string;
  readonly modes: readonly Mode[];
  /** How to install it, where it is not. */
  missing(): string | undefined;
  version(): string;
  start(setup: Setup): Promise<Endpoint>;
}

/** A new directory for the files of one start. */
export function home(setup: Setup, name: string): string {
  return mkdtempSync(join(setup.directory, `${name}-`));
}

/** Writes a configuration and returns where it is. */
export function configured(directory: string, name: string, text: string): string {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
}

/** The origin as a URL. */
export function originUrl({ upstream }: Setup): string {
  return `${upstream.scheme}://${upstream.scheme === 'https' ? 'localhost' : '127.0.0.1'}:${upstream.port}`;
}

/** Starts a Node program of the benchmark that says on which port it listens. */
export async function startNode(file: string, rest: readonly string[], directory: string): Promise<Endpoint> {
  const program = start([process.execPath, join(import.meta.dirname, '..', file), ...rest], PROXY_CORE, directory);
  return { port: await announcedPort(program), prefix: '', program };
}

/** Starts a program on a port that was free a moment ago. */
export async function startOn(command: (port: number) => readonly string[], directory: string, environment?: NodeJS.ProcessEnv): Promise<Endpoint> {
  const port = await freePort();
  return { port, prefix: '', program: start(command(port), PROXY_CORE, directory, environment) };
}
