import { chromium, type Page } from '@playwright/test';
import { chromiumOptions } from '../browser/chromium.ts';
import { Jupyter } from '../browser/jupyter.ts';
import { Lab } from '../browser/lab.ts';

/**
 * Seconds from Ctrl+Enter in the config editor to the frame that shows a step in the log of the run panel for the first
 * time, in a real JupyterLab with a cluster of its own. The log follows its end: where frames are slow that is a later step.
 */
export const measureKeyPress = async (samples: number): Promise<number[]> => {
  const jupyter = await Jupyter.start();
  const browser = await chromium.launch(await chromiumOptions());
  try {
    const lab = await Lab.open(await browser.newContext({ viewport: { width: 1600, height: 1000 } }), jupyter);
    const { page } = lab;
    await lab.command('bottega:show-sidebar');
    await lab.command('bottega:start-local-cluster');
    await page.locator('.jp-BottegaSidebar [data-cluster="local"]', { hasText: 'CPUs busy' }).waitFor({
      timeout: 240_000
    });
    await lab.openFile('docstrings/finetune.run.yaml');
    const seconds: number[] = [];
    // The first is a warm-up.
    for (let sample = 0; sample <= samples; sample += 1) seconds.push(await pressAndWait(page, sample));
    return seconds.slice(1);
  } finally {
    await browser.close();
    await jupyter.stop();
  }
};

const pressAndWait = async (page: Page, sample: number): Promise<number> => {
  const editor = page.locator('.jp-BottegaEditor');
  await page.locator('.lm-DockPanel-tabBar').getByRole('tab', { name: 'finetune.run.yaml' }).click();
  await editor.locator('.view-line', { hasText: 'warmup_steps:' }).click();
  await page.keyboard.press('End');
  await page.keyboard.press('Backspace');
  // A real edit each time: the number of warm-up steps.
  await page.keyboard.type(String(sample % 10));
  const shown = page.evaluate(untilShown);
  await page.keyboard.press('Control+Enter');
  const seconds = await shown;
  await page.getByRole('button', { name: 'Stop', exact: true }).first().click();
  await page.locator('.jp-BottegaRunPanel:visible', { hasText: 'stopped' }).first().waitFor({ timeout: 30_000 });
  return seconds;
};

/** In the page: from the key press to the frame after the first line of a step in a log that did not show one before. */
const untilShown = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const isStepShown = (): boolean =>
      [...document.querySelectorAll<HTMLElement>('.jp-BottegaRunPanel')].some(
        panel =>
          panel.offsetParent !== null &&
          /^step \d+ +loss/m.test(panel.querySelector<HTMLElement>('[role=log]')?.innerText ?? '')
      );
    const late = setTimeout(() => reject(new Error('No first step within 60 seconds.')), 60_000);
    const watch = (pressed: number): void => {
      let wasAbsent = !isStepShown();
      const observer = new MutationObserver(() => {
        const isShown = isStepShown();
        wasAbsent ||= !isShown;
        if (!wasAbsent || !isShown) return;
        observer.disconnect();
        clearTimeout(late);
        requestAnimationFrame(() => requestAnimationFrame(now => resolve((now - pressed) / 1000)));
      });
      observer.observe(document.body, { subtree: true, childList: true, characterData: true });
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 'Enter' || !event.ctrlKey) return;
      document.removeEventListener('keydown', onKey, true);
      watch(performance.now());
    };
    document.addEventListener('keydown', onKey, true);
  });
