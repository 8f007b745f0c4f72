import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'schema/src/**/*.test.ts',
      'kernel-bridge/typescript/src/**/*.test.ts',
      'cluster-agent/src/**/*.test.ts',
      'extension/src/**/*.test.{ts,tsx}'
    ],
    testTimeout: 20_000
  }
});
