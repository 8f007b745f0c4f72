// Opens JupyterLab with the extension as it is built, runs steps in it and saves pictures. See test/README.md.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { chromiumOptions } from './chromium.ts';
import { Jupyter, repository } from './jupyter.ts';
import { Lab, artifacts } from './lab.ts';
import { mkdir } from 'node:fs/promises';

type Steps = (parts: { lab: Lab; page: Lab['page'] }) => Promise<void>;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'base-url': { type: 'string', default: '/' },
    project: { type: 'string' },
    'stand-in': { type: 'boolean', default: false },
    serve: { type: 'string' },
    join: { type: 'string' },
    eval: { type: 'string', short: 'e' },
    size: { type: 'string', default: '1600x1000' }
  }
});

const noteOf = (name: string): string => join(artifacts, `look-${name}.json`);

const start = (): Promise<Jupyter> => {
  const standIn = { BOTTEGA_AGENT_MAIN: join(repository, 'kernel-bridge/stand-in/agent.mjs') };
  return Jupyter.start({
    baseUrl: options['base-url'],
    followsBuild: true,
    project: options.project && resolve(options.project),
    environment: options['stand-in'] ? standIn : {}
  });
};

const serve = async (name: string): Promise<void> => {
  const jupyter = await start();
  await mkdir(artifacts, { recursive: true });
  const { url, token, home, root, log } = jupyter;
  await writeFile(noteOf(name), JSON.stringify({ url, token, home, root, log }), { mode: 0o600 });
  console.log(`JupyterLab is up, process ${process.pid}. Home ${home}, root ${root}, log ${log}.`);
  await new Promise<void>(done => ['SIGINT', 'SIGTERM'].forEach(signal => process.once(signal, () => done())));
  await rm(noteOf(name), { force: true });
  await jupyter.stop();
};

const readSteps = async (): Promise<Steps> => {
  if (options.eval) {
    const AsyncFunction = (async () => undefined).constructor as new (
      ...text: string[]
    ) => (...values: unknown[]) => Promise<void>;
    const body = new AsyncFunction('lab', 'page', options.eval);
    return ({ lab, page }) => body(lab, page);
  }
  const [file] = positionals;
  if (!file) return async ({ lab }) => void (await lab.screenshots('look'));
  return ((await import(pathToFileURL(resolve(file)).href)) as { default: Steps }).default;
};

const look = async (jupyter: Pick<Jupyter, 'url' | 'token'>): Promise<void> => {
  const steps = await readSteps();
  const [width = 1600, height = 1000] = options.size.split('x').map(Number);
  const browser = await chromium.launch(await chromiumOptions());
  try {
    const lab = await Lab.open(await browser.newContext({ viewport: { width, height } }), jupyter);
    try {
      await steps({ lab, page: lab.page });
    } catch (error) {
      console.error(`Failed; the page is in ${await lab.screenshot('look-failed')}.`);
      throw error;
    } finally {
      for (const error of lab.consoleErrors) console.error(`console: ${error}`);
    }
  } finally {
    await browser.close();
  }
};

if (options.serve) await serve(options.serve);
else if (options.join) await look(JSON.parse(await readFile(noteOf(options.join), 'utf8')));
else {
  const jupyter = await start();
  try {
    await look(jupyter);
  } finally {
    await jupyter.stop();
  }
}
