import { test as playwright, expect } from '@playwright/test';
import { chromiumOptions } from './chromium.ts';
import { Jupyter } from './jupyter.ts';
import { Lab } from './lab.ts';

export { expect };

interface WorkerFixtures {
  /** Base URL of JupyterLab: `test.use({ baseUrl: '/user/ada/' })`. */
  baseUrl: string;
  jupyter: Jupyter;
}

/** `test` with a JupyterLab of its own for each file, and a page in it. */
export const test = playwright.extend<{ lab: Lab }, WorkerFixtures>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads what a fixture needs from the pattern.
  launchOptions: [async ({}, use) => use(await chromiumOptions()), { scope: 'worker' }],
  baseUrl: ['/', { scope: 'worker', option: true }],
  jupyter: [
    async ({ baseUrl }, use) => {
      const jupyter = await Jupyter.start({ baseUrl });
      try {
        await use(jupyter);
      } finally {
        await jupyter.stop();
      }
    },
    { scope: 'worker', timeout: 120_000 }
  ],
  lab: async ({ context, jupyter }, use) => use(await Lab.open(context, jupyter))
});
