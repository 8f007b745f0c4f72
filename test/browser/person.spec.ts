import type { Locator, Page } from '@playwright/test';
import { expect, test } from './harness.ts';

const clusters = (page: Page): Locator => page.getByRole('region', { name: 'Clusters' });
const runs = (page: Page): Locator => page.getByRole('listbox', { name: 'Runs, newest first' }).getByRole('option');
const runPanel = (page: Page): Locator => page.locator('.jp-BottegaRunPanel:visible');
const editor = (page: Page): Locator => page.locator('.jp-BottegaEditor:visible');

/** Puts the caret at the end of a line of the Monaco editor in front. */
const caretAfter = async (page: Page, text: string): Promise<void> => {
  await editor(page).locator('.view-line', { hasText: text }).click();
  await page.keyboard.press('End');
};

test('a person comes from an empty home to a trace on screen', async ({ lab }) => {
  test.setTimeout(300_000);
  const { page } = lab;

  await test.step('the cluster starts from the sidebar, and says what it waits for', async () => {
    await page.getByRole('tab', { name: 'Bottega' }).click();
    await clusters(page).getByRole('button', { name: 'Start a cluster on this machine' }).click();
    const local = clusters(page).locator('[data-cluster="local"]');
    await expect(local).toContainText('starting');
    await lab.screenshot('sidebar-starting');
    await expect(local).toContainText('ready', { timeout: 90_000 });
  });

  await test.step('the editor marks a mistyped key and offers the right word', async () => {
    await page.getByRole('button', { name: 'Open the example' }).click();
    await expect(editor(page).locator('.view-line').first()).toBeVisible();
    await caretAfter(page, 'learning_rate: 2.0e-3');
    await page.keyboard.press('Enter');
    await page.keyboard.type('weigth_decay: 0.01');
    await expect(editor(page).locator('.squiggly-error')).toBeVisible();
    const problems = page.getByRole('list', { name: 'Problems' });
    await expect(problems).toContainText('Unknown key weigth_decay. Did you mean weight_decay?');
    await lab.screenshots('config-editor', editor(page));
    await problems.getByRole('button', { name: 'Fix' }).click();
    await expect(editor(page).locator('.squiggly-error')).toHaveCount(0);
  });
});
