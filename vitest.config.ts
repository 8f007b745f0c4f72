import { defineConfig } from 'vitest/config';

/** What brings up a real Ray cluster, one file at a time: the machine has few cores. */
const integration = 'cluster-agent/src/integration/*.test.ts';

/** What is waited for comes when it comes, on a busy machine after seconds. */
const expect = { poll: { timeout: 15_000 } };

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
          testTimeout: 30_000,
          expect
        }
      },
      {
        test: {
          name: 'integration',
          include: [integration],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 240_000,
          expect,
          // After the fast ones, so that these do not take the cores from each other.
          sequence: { groupOrder: 1 }
        }
      }
    ]
  }
});
