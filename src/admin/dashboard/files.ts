import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** The files that the page is made of, beside its HTML. */
export interface DashboardFiles {
  readonly script: string;
  readonly style: string;
}

/** A file with the ETag by which a browser asks whether it still holds. */
export interface TaggedFile {
  readonly body: string;
  readonly etag: string;
}

/** Where the page's files come from: the built ones in the package, made on the spot in a checkout, which has no build step. */
export function loadDashboard(): Promise<DashboardFiles> {
  return import.meta.url.endsWith('.ts') ? fromSources() : fromBuild(new URL('../dashboard/', import.meta.url));
}

/** Reads the files that `npm run build` has made. Rejects where one is missing. */
export async function fromBuild(folder: URL): Promise<DashboardFiles> {
  const [script, style] = await Promise.all(['dashboard.js', 'dashboard.css'].map((name) => readFile(new URL(name, folder), 'utf8')));
  return { script: script ?? '', style: style ?? '' };
}

/** Gives a text its ETag. */
export function tagged(body: string): TaggedFile {
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}

async function fromSources(): Promise<DashboardFiles> {
  // by a name that the build does not follow: the bundler is no part of the package
  const { bundlePage } = (await import(new URL('./bundle.ts', import.meta.url).href)) as { bundlePage: () => Promise<DashboardFiles> };
  return bundlePage();
}
