import { defineConfig } from 'vitest/config';

/** What needs a real cluster. One file at a time: each has a cluster of its own. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['isolation/*.test.ts', 'bad-input/*.test.ts', 'soak/*.test.ts', 'bench/*.test.ts'],
    fileParallelism: false,
    testTimeout: 90_000,
    hookTimeout: 180_000
  }
});
