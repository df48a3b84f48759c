import { readFileSync } from 'node:fs';
import { pageInput, pageNames } from './src/admin/dashboard/bundle.ts';
import { prepare } from './src/config/prepared.ts';
import { presetFile, presetNames } from './src/config/presets.ts';

/**
 * The package as it is shipped: the compiled sources and all that they import in a few files, since hundreds of modules take twice as long to load.
 */
const program = {
  input: ['build/cli/main.js', 'build/app/workers/worker-main.js'],
  platform: 'node',
  // without comments: V8 keeps the text of what it runs
  output: { dir: 'dist/cli', format: 'esm', comments: { legal: true, annotation: false, jsdoc: false } },
  logLevel: 'warn',
  plugins: [
    {
      // the presets as they are read: YAML is slow to read while all of it is cold
      name: 'prepared-presets',
      load: (id) => (/[\\/]config[\\/]prepared-presets\.js$/.test(id) ? `export const PREPARED = ${JSON.stringify(preparedPresets())};` : undefined),
    },
    {
      // undici loads node:http2 whether it is used or not: 20 ms of every start. It does without where Node is built without it, and HTTP/2 is not offered upstream
      name: 'without-http2',
      resolveId: (id, importer) => (id === 'node:http2' && importer?.includes('undici') === true ? '\0no-http2' : undefined),
      load: (id) => (id === '\0no-http2' ? 'export const constants = {};' : undefined),
    },
    {
      // and keeps it twice as large where one letter of it is not Latin-1: 2 MB for a few dashes and quotes
      name: 'latin-1',
      generateBundle: (_options, bundle) => {
        for (const chunk of Object.values(bundle)) chunk.code = chunk.code.replace(/[\u0100-\uffff]/g, escaped);
      },
    },
  ],
};

/** The web page, for browsers: one script with all that it imports, and its style sheet. */
const page = { ...pageInput, output: { ...pageNames, dir: 'dist/dashboard', minify: true } };

export default [program, page];

/** All presets that come with the package. */
function preparedPresets() {
  return prepare(presetNames().map((name) => readFileSync(presetFile(name), 'utf8')));
}

/** A letter as strings, templates and regular expressions may write it; elsewhere no such letter stands. */
function escaped(letter) {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
