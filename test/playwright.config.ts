import { readdirSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

const files = readdirSync(new URL('browser', import.meta.url)).filter(name => name.endsWith('.spec.ts'));

export default defineConfig({
  testDir: 'browser',
  outputDir: 'artifacts/results',
  // Files of one project would share a worker, and with it JupyterLab and its clusters.
  projects: files.map(testMatch => ({ name: testMatch.replace('.spec.ts', ''), testMatch })),
  // One JupyterLab and one Ray cluster at a time.
  workers: 1,
  forbidOnly: true,
  timeout: 180_000,
  expect: { timeout: 20_000 },
  globalTimeout: 900_000,
  use: { actionTimeout: 20_000, viewport: { width: 1600, height: 1000 }, trace: 'retain-on-failure' }
});
