import { defineConfig } from 'vitest/config';

/** What brings up a real Ray cluster, one file at a time: the machine has few cores. */
const integration = 'cluster-agent/src/integration/*.test.ts';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'scripts/*.test.mjs',
            'schema/src/**/*.test.ts',
            'kernel-bridge/typescript/src/**/*.test.ts',
            'cluster-agent/src/**/*.test.ts',
            'extension/src/**/*.test.{ts,tsx}'
          ],
          exclude: ['**/node_modules/**', integration],
          testTimeout: 20_000
        }
      },
      {
        test: {
          name: 'integration',
          include: [integration],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 240_000,
          // After the fast ones, so that these do not take the cores from each other.
          sequence: { groupOrder: 1 }
        }
      }
    ]
  }
});
