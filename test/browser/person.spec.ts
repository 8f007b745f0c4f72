import type { Locator, Page } from '@playwright/test';
import { expect, test } from './harness.ts';
import type { Lab } from './lab.ts';

const sidebar = (page: Page): Locator => page.locator('.jp-BottegaSidebar');
const cluster = (page: Page): Locator => sidebar(page).locator('[data-cluster="local"]');
const runsInSidebar = (page: Page): Locator => sidebar(page).getByRole('option');
const runPanel = (page: Page): Locator => page.locator('.jp-BottegaRunPanel:visible');
const editor = (page: Page): Locator => page.locator('.jp-BottegaEditor:visible');
const tab = (page: Page, name: string): Locator => page.locator('.lm-DockPanel-tabBar').getByRole('tab', { name });

/** Ray's own page asks Ray for what is not installed (Prometheus, Grafana, Serve); those errors are not ours. */
const isOfRay = (error: string): boolean => error.includes('/clusters/local/dashboard/');
const errorsOf = (lab: Lab): string[] => lab.consoleErrors.filter(error => !isOfRay(error));

/** How many different colours a canvas has: a blank one has one. */
const coloursOf = (canvas: Locator): Promise<number> =>
  canvas.evaluate((node: HTMLCanvasElement) => {
    const copy = document.createElement('canvas');
    copy.width = node.width;
    copy.height = node.height;
    const context = copy.getContext('2d');
    context?.drawImage(node, 0, 0);
    const pixels = context?.getImageData(0, 0, node.width, node.height).data ?? [];
    return new Set(new Uint32Array(new Uint8ClampedArray(pixels).buffer)).size;
  });

/** By the search of the log: it follows its end, and the first step may have left the screen. */
const lossOfFirstStep = async (page: Page): Promise<string> => {
  await runPanel(page)
    .getByRole('button', { name: /^Search the log/ })
    .click();
  const search = runPanel(page).getByRole('textbox', { name: 'Search the log' });
  await search.fill('step 1  loss');
  const line = runPanel(page)
    .locator('.jp-BottegaLog-row', { hasText: /step 1 +loss/ })
    .first();
  const text = (await line.textContent({ timeout: 60_000 })) ?? '';
  await search.press('Escape');
  return text.slice(text.indexOf('step 1'));
};

test('a person comes from an empty home to a trace on screen', async ({ lab, jupyter }) => {
  test.setTimeout(600_000);
  const { page } = lab;

  await test.step('a cluster starts from the sidebar and says what it waits for', async () => {
    await page.getByRole('tab', { name: 'Bottega' }).click();
    await sidebar(page).getByRole('button', { name: 'Start a cluster on this machine' }).click();
    await expect(cluster(page)).toContainText('starting');
    await lab.screenshots('sidebar-starting', sidebar(page));
    await expect(cluster(page)).toContainText('CPUs busy', { timeout: 240_000 });
  });

  await test.step('the editor marks a mistyped key and has the right word at hand', async () => {
    await sidebar(page).getByRole('button', { name: 'Open the example' }).click();
    await editor(page).locator('.view-line', { hasText: 'learning_rate:' }).click();
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.keyboard.type('weigth_decay: 0.01');
    await expect(editor(page).locator('.squiggly-error').first()).toBeVisible();
    const problems = page.getByRole('list', { name: 'Problems' });
    await expect(problems).toContainText('Unknown key weigth_decay. Did you mean weight_decay?');
    await lab.screenshots('config-editor', editor(page));
    await problems.getByRole('button', { name: 'Fix' }).click();
    await expect(editor(page).locator('.squiggly-error')).toHaveCount(0);
  });

  let loss = '';
  await test.step('Ctrl+Enter runs it: phases of the start, loss curve, log', async () => {
    await editor(page).locator('.view-line', { hasText: 'weight_decay:' }).click();
    await page.keyboard.press('Control+Enter');
    const start = runPanel(page).getByRole('region', { name: 'Start' });
    await expect(start).toContainText('First step after', { timeout: 90_000 });
    for (const phase of ['sync', 'fork', 'model']) await expect(start).toContainText(phase);
    loss = await lossOfFirstStep(page);
    const curve = runPanel(page).getByRole('figure').filter({ hasText: /^loss/ }).locator('canvas');
    await expect.poll(() => coloursOf(curve), { timeout: 30_000 }).toBeGreaterThan(2);
    await lab.screenshots('run-panel', runPanel(page));
    await lab.screenshots('sidebar-running', sidebar(page));
  });

  await test.step('an edited line of code runs while the first run goes on', async () => {
    await lab.openFile('docstrings/hooks.py');
    const code = page.locator('.jp-FileEditor:visible');
    await code.locator('.cm-line', { hasText: 'LABEL_SMOOTHING = 0.0' }).click();
    await page.keyboard.press('End');
    await page.keyboard.press('Backspace');
    await page.keyboard.type('5');
    await page.keyboard.press('Control+s');
    await tab(page, 'finetune.run.yaml').click();
    await editor(page).locator('.view-line', { hasText: 'weight_decay:' }).click();
    await page.keyboard.press('Control+Enter');
    await expect(runsInSidebar(page)).toHaveCount(2);
    const newest = await runsInSidebar(page).first().getAttribute('data-run');
    await expect(runPanel(page)).toHaveAttribute('data-run', newest ?? '');
    // The same data and weights: only the edit makes the loss another one.
    expect(await lossOfFirstStep(page)).not.toEqual(loss);
    for (const run of await runsInSidebar(page).all()) await expect(run).toContainText(/step \d+ \/ 250/);
  });

  await test.step('a profile of the live run becomes a timeline', async () => {
    await runPanel(page).getByRole('button', { name: 'Profile 5 steps' }).click();
    await runPanel(page)
      .getByRole('tab', { name: /^Traces/ })
      .click();
    await runPanel(page)
      .getByRole('tabpanel')
      .getByRole('button', { name: /^Steps/ })
      .first()
      .click({ timeout: 120_000 });
    const trace = page.locator('.jp-BottegaTrace:visible');
    await expect(trace).toContainText('aten::', { timeout: 60_000 });
    const lanes = trace.locator('.jp-BottegaTrace-timeline canvas').first();
    await expect.poll(() => coloursOf(lanes), { timeout: 30_000 }).toBeGreaterThan(10);
    await lab.screenshots('trace', trace);
  });

  await test.step('the Ray Dashboard opens in a tab', async () => {
    await cluster(page).getByRole('button', { name: 'Open the Ray Dashboard of local' }).click();
    const frame = page.frameLocator('iframe[title="Ray Dashboard of local"]');
    await expect(frame.getByText('Recent jobs')).toBeVisible({ timeout: 60_000 });
    await lab.screenshots('dashboard');
  });

  await test.step('after a reload everything is where it was', async () => {
    const saved = async () => (await page.request.get(`${jupyter.url}lab/api/workspaces/default`)).text();
    await expect.poll(saved).toContain('bottega-dashboard');
    await lab.reload();
    for (const name of ['finetune.run.yaml', 'hooks.py', 'Ray Dashboard · local']) {
      await expect(tab(page, name)).toBeVisible();
    }
    await expect(page.frameLocator('iframe[title="Ray Dashboard of local"]').getByText('Recent jobs')).toBeVisible();
    await tab(page, 'docstrings-lora').first().click();
    await expect(runPanel(page).getByRole('log')).toContainText(/step \d+ +loss/);
  });

  await test.step('runs and the cluster stop', async () => {
    for (const run of await runsInSidebar(page).all()) {
      await run.click();
      await runPanel(page).getByRole('button', { name: 'Stop' }).click();
      await expect(runPanel(page).locator('.jp-BottegaRunPanel-header')).toContainText('stopped', { timeout: 60_000 });
    }
    await cluster(page).getByRole('button', { name: 'Stop local' }).click();
    await expect(cluster(page)).toContainText('stopped', { timeout: 60_000 });
    await lab.screenshots('stopped');
  });

  expect(errorsOf(lab)).toEqual([]);
});
