/**
 * The package as it is shipped: the compiled sources and all that they import in a few files, since hundreds of modules take twice as long to load.
 */
export default {
  input: ['build/cli/main.js', 'build/app/workers/worker-main.js'],
  platform: 'node',
  output: { dir: 'dist/cli', format: 'esm' },
  logLevel: 'warn',
  plugins: [
    {
      // undici loads node:http2 whether it is used or not: 20 ms of every start. It does without where Node is built without it, and HTTP/2 is not offered upstream
      name: 'without-http2',
      resolveId: (id, importer) => (id === 'node:http2' && importer?.includes('undici') === true ? '\0no-http2' : undefined),
      load: (id) => (id === '\0no-http2' ? 'export const constants = {};' : undefined),
    },
  ],
};
