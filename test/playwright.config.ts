import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: 'browser',
  outputDir: 'artifacts/results',
  // One JupyterLab and one Ray cluster at a time.
  workers: 1,
  forbidOnly: true,
  timeout: 180_000,
  expect: { timeout: 20_000 },
  globalTimeout: 900_000,
  use: { actionTimeout: 20_000, viewport: { width: 1600, height: 1000 }, trace: 'retain-on-failure' }
});
