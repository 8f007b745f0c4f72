import { chromium, type Page } from '@playwright/test';
import { chromiumOptions } from '../browser/chromium.ts';
import { Jupyter } from '../browser/jupyter.ts';
import { Lab } from '../browser/lab.ts';
import type { Workplace } from '../cluster/workplace.ts';

const FILE = 'pressed.run.yaml';

/**
 * Seconds from Ctrl+Enter in the config editor to the frame that shows a step in the log of the run panel for the first
 * time: a real JupyterLab beside the agent and the cluster of the workplace. The log follows its end: where frames are
 * slow that is a later step.
 */
export const measureKeyPress = async (workplace: Workplace, samples: number): Promise<number[]> => {
  await workplace.write(FILE, 'kind: finetune\nextends: tiny.run.yaml\nwarmup_steps: 0\n');
  const environment = { BOTTEGA_HOME: workplace.home };
  const jupyter = await Jupyter.start({ project: workplace.project, environment });
  const browser = await chromium.launch(await chromiumOptions());
  try {
    const lab = await Lab.open(await browser.newContext({ viewport: { width: 1600, height: 1000 } }), jupyter);
    await lab.command('bottega:show-sidebar');
    await lab.page.locator('.jp-BottegaSidebar [data-cluster]', { hasText: 'CPUs busy' }).waitFor();
    await lab.openFile(`project/${FILE}`);
    const seconds: number[] = [];
    // The first is a warm-up.
    for (let sample = 0; sample <= samples; sample += 1) seconds.push(await pressAndWait(lab.page, sample));
    return seconds.slice(1);
  } finally {
    await browser.close();
    await jupyter.stop();
  }
};

const pressAndWait = async (page: Page, sample: number): Promise<number> => {
  await page.locator('.lm-DockPanel-tabBar').getByRole('tab', { name: FILE }).click();
  await page.locator('.jp-BottegaEditor .view-line', { hasText: 'warmup_steps:' }).click();
  await page.keyboard.press('End');
  await page.keyboard.press('Backspace');
  // A real edit each time: the number of warm-up steps.
  await page.keyboard.type(String(sample % 10));
  // It watches before the key is pressed; the answer is asked for afterwards.
  const watch = await page.evaluateHandle(watchSteps);
  await page.keyboard.press('Control+Enter');
  const seconds = await watch.evaluate(({ shown }) => shown);
  await page.locator('.jp-BottegaRunPanel:visible', { hasText: 'done' }).first().waitFor();
  return seconds;
};

/** In the page: from the key press to the frame after the first line of a step in a log that did not show one before. */
const watchSteps = (): { shown: Promise<number> } => {
  const isStepShown = (): boolean =>
    [...document.querySelectorAll<HTMLElement>('.jp-BottegaRunPanel')].some(
      panel =>
        panel.offsetParent !== null &&
        /^step \d+ +loss/m.test(panel.querySelector<HTMLElement>('[role=log]')?.innerText ?? '')
    );
  const shown = new Promise<number>((resolve, reject) => {
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
  return { shown };
};
