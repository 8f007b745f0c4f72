import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator } from '@playwright/test';
import { expect, test } from './harness.ts';
import type { Lab } from './lab.ts';

// As JupyterHub serves it. Both notebooks meet the same cluster.
test.use({ baseUrl: '/user/ada/' });
test.describe.configure({ mode: 'serial' });

// The notebooks as they are, with shorter runs.
test.beforeAll(async ({ jupyter }) => {
  for (const name of ['walkthrough.ipynb', 'walkthrough-typescript.ipynb']) {
    const path = join(jupyter.root, 'docstrings', name);
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replaceAll('max_steps: 120', 'max_steps: 40'));
  }
});

/** Opens a notebook of the example and waits for its kernel. */
const openNotebook = async (lab: Lab, name: string): Promise<Locator> => {
  await lab.openFile(`docstrings/${name}`);
  const notebook = lab.page.locator('.jp-NotebookPanel:not(.lm-mod-hidden)');
  await expect(notebook.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]')).toBeVisible({
    timeout: 30_000
  });
  return notebook;
};

const cellWith = (notebook: Locator, text: string): Locator =>
  notebook.locator('.jp-CodeCell').filter({ has: notebook.page().locator('.jp-InputArea', { hasText: text }) });

/** Runs one cell as Shift+Enter does, and waits until it is done. */
const runCell = async (cell: Locator, timeout = 30_000): Promise<void> => {
  const prompt = cell.locator('.jp-InputPrompt').first();
  await expect(async () => {
    await cell.locator('.cm-content').click();
    await cell.page().keyboard.press('Shift+Enter');
    // A kernel that is only just there drops what it is sent.
    await expect(prompt).toHaveText(/\[(\*|\d+)\]:/, { timeout: 2_000 });
  }).toPass({ timeout });
  await expect(prompt).toHaveText(/\[\d+\]:/, { timeout });
};

test('the magics start a cluster and a run; after a reload the saved output is live again', async ({ lab }) => {
  test.setTimeout(480_000);
  const notebook = await openNotebook(lab, 'walkthrough.ipynb');
  await runCell(cellWith(notebook, '%load_ext bottega'));
  const up = cellWith(notebook, '%bottega up');
  await runCell(up, 240_000);
  await expect(up.locator('.jp-OutputArea-output')).toContainText('ready');

  const cell = cellWith(notebook, '--name shorter');
  await runCell(cell);
  const run = cell.locator('.jp-BottegaRunOutput');
  await expect(run).toContainText('shorter');
  await expect(run).toContainText(/running|step/, { timeout: 30_000 });
  await lab.screenshots('notebook-output', run);
  await lab.command('docmanager:save');

  await lab.reload();
  const again = cellWith(lab.page.locator('.jp-NotebookPanel:not(.lm-mod-hidden)'), '--name shorter');
  const live = again.locator('.jp-BottegaRunOutput');
  // Nobody ran the cell again; what was saved said less than this.
  await expect(live).toContainText('done', { timeout: 120_000 });
  await lab.screenshots('notebook', lab.page.locator('.jp-NotebookPanel:not(.lm-mod-hidden)'));
  expect(lab.consoleErrors).toEqual([]);
});

test('a TypeScript notebook runs on the real kernel', async ({ lab }) => {
  test.setTimeout(300_000);
  const notebook = await openNotebook(lab, 'walkthrough-typescript.ipynb');
  await lab.page.getByRole('menuitem', { name: 'Run', exact: true }).click();
  await lab.page.getByRole('menuitem', { name: 'Run All Cells', exact: true }).click();
  const log = cellWith(notebook, 'run.events()').locator('.jp-OutputArea-output').last();
  await expect(log).toContainText('done', { timeout: 180_000 });
  await expect(log).toContainText(/^20 \d/m);
  const run = cellWith(notebook, "name: 'from-typescript'").locator('.jp-BottegaRunOutput');
  await expect(run).toContainText('from-typescript');
  await lab.screenshots('notebook-typescript', notebook);
  expect(lab.consoleErrors).toEqual([]);
});
