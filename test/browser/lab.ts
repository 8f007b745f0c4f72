import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserContext, Locator, Page } from '@playwright/test';
import type { Jupyter } from './jupyter.ts';

export const artifacts = fileURLToPath(new URL('../artifacts', import.meta.url));
const COMMAND_TIMEOUT_MS = 60_000;
export type Theme = 'light' | 'dark';
const themes = { light: 'JupyterLab Light', dark: 'JupyterLab Dark' } as const;

/** What `expose_app_in_browser` puts on the window; only what is used here. */
interface ExposedApp {
  restored: Promise<void>;
  commands: { execute(id: string, args?: object): Promise<unknown> };
}

/** One JupyterLab page, with what a test or a developer does in it. */
export class Lab {
  /** Errors the page wrote to its console or threw, oldest first. */
  readonly consoleErrors: string[] = [];

  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
    page.on('console', message => {
      if (message.type() === 'error') this.consoleErrors.push(`${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', error => this.consoleErrors.push(error.stack ?? String(error)));
  }

  /** Signs in and opens JupyterLab in a new page. */
  static async open(context: BrowserContext, jupyter: Pick<Jupyter, 'url' | 'token'>): Promise<Lab> {
    // The token becomes a cookie of the context; the page itself never has it.
    const answer = await context.request.get(`${jupyter.url}api/me`, {
      headers: { Authorization: `token ${jupyter.token}` }
    });
    if (!answer.ok()) throw new Error(`Signing in failed: ${answer.status()} ${await answer.text()}`);
    const lab = new Lab(await context.newPage());
    await lab.page.goto(`${jupyter.url}lab`);
    await lab.ready();
    return lab;
  }

  /** Waits until JupyterLab stands and has put its panels back. */
  async ready(): Promise<void> {
    await this.page.waitForFunction(() => 'jupyterapp' in window, undefined, { timeout: 60_000 });
    await this.page.evaluate(() => (window as unknown as { jupyterapp: ExposedApp }).jupyterapp.restored);
    await this.#splashGone();
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.ready();
  }

  /** Runs a JupyterLab command. A command that ends with a widget answers nothing: widgets do not cross. */
  async command(id: string, args: object = {}): Promise<void> {
    const late = `JupyterLab's command ${id} did not end within ${COMMAND_TIMEOUT_MS / 1000} s.`;
    await this.page.evaluate(
      async ({ id, args, timeoutMs, late }) => {
        const { commands } = (window as unknown as { jupyterapp: ExposedApp }).jupyterapp;
        await Promise.race([
          commands.execute(id, args),
          new Promise((_, reject) => setTimeout(() => reject(new Error(late)), timeoutMs))
        ]);
      },
      { id, args, timeoutMs: COMMAND_TIMEOUT_MS, late }
    );
  }

  /** Opens a file of the root folder, as a double click in the file browser does. */
  async openFile(path: string, factory?: string): Promise<void> {
    await this.command('docmanager:open', { path, ...(factory ? { factory } : {}) });
  }

  async setTheme(theme: Theme): Promise<void> {
    await this.command('apputils:change-theme', { theme: themes[theme] });
    await this.page.locator(`body[data-jp-theme-light="${theme === 'light'}"]`).waitFor({ state: 'attached' });
    await this.#splashGone();
  }

  /** The splash fades away; a theme that changes meanwhile would make JupyterLab remove it twice. */
  #splashGone(): Promise<void> {
    return this.page.locator('#jupyterlab-splash').waitFor({ state: 'detached', timeout: 60_000 });
  }

  async setSize(width: number, height: number): Promise<void> {
    await this.page.setViewportSize({ width, height });
  }

  /** Saves a picture of a part, or of the whole page, as `test/artifacts/<name>.png`; answers the path. */
  async screenshot(name: string, part?: Locator): Promise<string> {
    const path = join(artifacts, `${name}.png`);
    await mkdir(artifacts, { recursive: true });
    await (part ?? this.page).screenshot({ path });
    return path;
  }

  /** The same part in light and in dark: `<name>-light.png`, `<name>-dark.png`. Ends in light. */
  async screenshots(name: string, part?: Locator): Promise<void> {
    for (const theme of ['dark', 'light'] as const) {
      await this.setTheme(theme);
      await this.screenshot(`${name}-${theme}`, part);
    }
  }
}
