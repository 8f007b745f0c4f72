import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { expect, test } from './harness.ts';
import type { Lab } from './lab.ts';

/** More than a browser can scroll by itself. */
const LINES = 500_000;
const EVERY = 99_991;

const files = {
  'small.cluster.yaml': 'provider: local\nname: small\ncpus: 2\n',
  'flood.py': `for i in range(1, ${LINES} + 1):\n    print(f"line {i} of ${LINES}" + (" needle" if i % ${EVERY} == 0 else ""))\n`,
  'flood.run.yaml': 'kind: script\nname: "<b>flood</b>"\ncommand: flood.py\n',
  'wait.py': 'import time\nprint("waiting", flush=True)\ntime.sleep(600)\n',
  'wait.run.yaml': 'kind: script\nname: holds-both\ncommand: wait.py\nresources: {cpus_per_rank: 2}\n',
  'later.run.yaml': 'kind: script\nname: comes-later\ncommand: wait.py\n'
};

const sidebar = (page: Page): Locator => page.locator('.jp-BottegaSidebar');
const runInSidebar = (page: Page, name: string): Locator =>
  sidebar(page)
    .getByRole('option')
    .filter({ has: page.locator('.jp-BottegaRun-name', { hasText: name }) });
const panel = (page: Page): Locator => page.locator('.jp-BottegaRunPanel:visible');
const log = (page: Page): Locator => panel(page).getByRole('log');

/** Opens a config and runs it as a person does; its panel is in front then. */
const run = async (lab: Lab, file: string): Promise<void> => {
  const { page } = lab;
  await lab.openFile(`docstrings/${file}`);
  const editor = page.getByRole('tabpanel', { name: file });
  await editor.locator('.view-line').first().click();
  const runs = sidebar(page).getByRole('option');
  const before = await runs.count();
  await editor.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(runs).toHaveCount(before + 1);
  await expect(panel(page)).toHaveAttribute('data-run', (await runs.first().getAttribute('data-run')) ?? '');
};

/** The numbers of the lines in view. */
const seen = (page: Page): Promise<number[]> =>
  log(page).evaluate(node => {
    const { top, bottom } = node.getBoundingClientRect();
    const rows = [...node.querySelectorAll('.jp-BottegaLog-row')].filter(row => {
      const box = row.getBoundingClientRect();
      return box.top >= top - 1 && box.bottom <= bottom + 1;
    });
    return rows.map(row => Number(/line (\d+) of/.exec(row.textContent ?? '')?.[1] ?? NaN));
  });

/** Drags the scrollbar to a part of the whole. */
const dragTo = (page: Page, part: number): Promise<void> =>
  log(page).evaluate((node, part) => {
    node.scrollTop = part * (node.scrollHeight - node.clientHeight);
  }, part);

test('a person reads a log that is longer than a browser can scroll, and waits in a queue', async ({
  lab,
  jupyter
}) => {
  test.setTimeout(480_000);
  const { page } = lab;
  for (const [name, text] of Object.entries(files)) await writeFile(join(jupyter.root, 'docstrings', name), text);

  await test.step('a cluster of two CPUs starts from its file', async () => {
    await lab.openFile('docstrings/small.cluster.yaml');
    await page.getByRole('button', { name: 'Start cluster', exact: true }).click();
    await expect(sidebar(page)).toContainText('of 2 CPUs busy', { timeout: 240_000 });
  });

  await test.step('the panel follows a flood to its end, also when it loses room', async () => {
    await run(lab, 'flood.run.yaml');
    const start = panel(page).getByRole('region', { name: 'Start' });
    await expect(start).toContainText('First line after', { timeout: 60_000 });
    await start.getByRole('button', { name: /^slowest/ }).click();
    await expect(panel(page)).toContainText('done', { timeout: 120_000 });
    await expect(log(page)).toContainText(`line ${LINES} of ${LINES}`);
    await expect(panel(page).getByRole('button', { name: 'Jump to end' })).toHaveCount(0);
    await start.getByRole('button', { name: /^slowest/ }).click();
    // What a run is called is text.
    await expect(panel(page).getByRole('heading', { name: '<b>flood</b>' })).toBeVisible();
  });

  await test.step('every place of it is reached by scrollbar, wheel and keys', async () => {
    for (const part of [0.25, 0.5, 0.9]) {
      await dragTo(page, part);
      await expect.poll(async () => Math.abs(((await seen(page))[0] ?? 0) - part * LINES)).toBeLessThan(100);
    }
    const [before = 0] = await seen(page);
    await log(page).hover();
    await page.mouse.wheel(0, 180);
    await expect.poll(async () => (await seen(page))[0]).toBe(before + 10);
    await log(page).press('ArrowUp');
    await expect.poll(async () => (await seen(page))[0]).toBe(before + 9);
    await log(page).press('Home');
    await expect(log(page)).toContainText('line 1 of');
    await log(page).press('End');
    await expect.poll(async () => (await seen(page)).includes(LINES)).toBe(true);
  });

  await test.step('a search finds what lies far apart, and the keyboard comes back to the log', async () => {
    await log(page).press('Control+f');
    const search = panel(page).getByRole('textbox', { name: 'Search the log' });
    await search.fill('needle');
    await expect(panel(page).getByRole('search')).toContainText('of 5', { timeout: 60_000 });
    await panel(page).getByRole('button', { name: 'Show only lines that match' }).click();
    await expect(log(page).locator('mark')).toHaveCount(5);
    await lab.screenshots('log-search', panel(page));
    await panel(page).getByRole('button', { name: 'Show only lines that match' }).click();
    await search.press('Escape');
    await expect(log(page)).toBeFocused();
  });

  await test.step('a run that waits says which place it has and for whom, by name', async () => {
    await run(lab, 'wait.run.yaml');
    await expect(log(page)).toContainText('waiting', { timeout: 60_000 });
    await run(lab, 'later.run.yaml');
    await expect(panel(page)).toContainText('1 of 1 in the queue', { timeout: 60_000 });
    await expect(panel(page)).toContainText('in use by holds-both');
    await expect(panel(page).getByRole('region', { name: 'Start' })).toContainText('Starting for');
    await lab.screenshots('queue', panel(page));
    await runInSidebar(page, 'holds-both').click();
    await panel(page).getByRole('button', { name: 'Stop' }).click();
    await runInSidebar(page, 'comes-later').click();
    await expect(log(page)).toContainText('waiting', { timeout: 60_000 });
  });

  await test.step('a run that is deleted while it is shown says so', async () => {
    await runInSidebar(page, 'flood').click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Delete…' }).click();
    await page.getByRole('button', { name: 'Delete run' }).click();
    await expect(runInSidebar(page, 'flood')).toHaveCount(0);
    await page.locator('.lm-DockPanel-tabBar').getByRole('tab', { name: '<b>flood</b>' }).click();
    await expect(panel(page)).toContainText('This run was deleted.');
    await expect(panel(page).getByRole('button', { name: 'Rerun' })).toHaveCount(0);
    await panel(page).getByRole('button', { name: 'Close' }).click();
  });

  expect(lab.consoleErrors).toEqual([]);
});
