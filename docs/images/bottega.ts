// Takes the pictures of the README from the real product: `node test/browser/look.ts docs/images/bottega.ts`.
import { fileURLToPath } from 'node:url';
import type { Lab } from '../../test/browser/lab.ts';

const PICTURE = fileURLToPath(new URL('bottega.png', import.meta.url));
const TRACE = fileURLToPath(new URL('trace.png', import.meta.url));
const LONG = { timeout: 600_000 };

export default async ({ lab, page }: { lab: Lab; page: Lab['page'] }): Promise<void> => {
  await lab.setSize(1600, 1000);
  await page.getByRole('tab', { name: 'Bottega' }).click();
  const sidebar = page.locator('.jp-BottegaSidebar');
  await sidebar.getByRole('button', { name: 'Start a cluster on this machine' }).click();
  await sidebar.getByText('CPUs busy').waitFor(LONG);
  await lab.openFile('docstrings/finetune.run.yaml');
  const editor = page.locator('.jp-BottegaEditor:visible');
  await page.getByRole('tab', { name: 'Launcher' }).getByTitle('Close Launcher').click();
  await editor.locator('.view-line', { hasText: 'max_steps:' }).click();
  await page.keyboard.press('Control+Enter');
  const panel = page.locator('.jp-BottegaRunPanel:visible');
  await panel.getByText(/step 1[0-9]{2} \/ 250/).waitFor(LONG);
  await panel.getByRole('tab', { name: /^Traces/ }).click();
  await panel
    .getByRole('button', { name: /^Steps/ })
    .first()
    .click(LONG);
  await page.locator('.jp-BottegaTrace:visible').getByText('aten::').first().waitFor(LONG);
  await page.locator('.jp-BottegaTrace:visible').screenshot({ path: TRACE });
  await page.locator('.lm-DockPanel-tabBar').getByRole('tab', { name: 'docstrings-lora' }).first().click();
  await panel.getByRole('tab', { name: 'Samples' }).click();
  await page.screenshot({ path: PICTURE });
};
