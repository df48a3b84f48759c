import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // the machine has two cores, and tests over real sockets that share them with too many others would only be slow, not better
    maxWorkers: 2,
  },
});
