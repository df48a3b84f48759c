import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Plugin, rolldown, type RolldownOptions } from 'rolldown';
import type { DashboardFiles } from './files.ts';

/** How the page's sources become one script. Used by `npm run build` and, in a checkout, by the first request for the page; never part of the package. */
export const pageInput = {
  input: fileURLToPath(new URL('./page/main.ts', import.meta.url)),
  platform: 'browser',
  logLevel: 'warn',
  plugins: [styleSheet()],
} satisfies RolldownOptions;

/** What the page's files are called. */
export const pageNames = { entryFileNames: 'dashboard.js', format: 'esm' } as const;

/** Bundles the page in memory. Rejects with what is wrong in its sources. */
export async function bundlePage(): Promise<DashboardFiles> {
  const bundle = await rolldown(pageInput);
  try {
    const { output } = await bundle.generate(pageNames);
    const script = output.find((one) => one.type === 'chunk')?.code;
    const style = output.find((one) => one.fileName === 'dashboard.css');
    if (script === undefined || style?.type !== 'asset') throw new Error('the bundler has made no script or no style sheet');
    return { script, style: String(style.source) };
  } finally {
    await bundle.close();
  }
}

/** Puts the charts' own style sheet before the page's. */
function styleSheet(): Plugin {
  return {
    name: 'style-sheet',
    async buildStart() {
      const charts = await this.resolve('uplot/dist/uPlot.min.css', fileURLToPath(import.meta.url));
      const own = await readFile(new URL('./page/dashboard.css', import.meta.url), 'utf8');
      const first = charts === null ? '' : await readFile(charts.id, 'utf8');
      this.emitFile({ type: 'asset', fileName: 'dashboard.css', source: `${first}\n${own}` });
    },
  };
}
