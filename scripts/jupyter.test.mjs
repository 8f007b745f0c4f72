import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { findPort, startJupyter } from './jupyter.mjs';

afterEach(() => vi.unstubAllEnvs());

const listen = port =>
  new Promise(resolve => {
    const server = createServer().listen(port, '127.0.0.1', () => resolve(server));
  });

test('a port that another program uses is refused with what to do', async () => {
  const other = await listen(0);
  const { port } = other.address();
  await expect(findPort(port)).rejects.toThrow(`Port ${port} is used by another program. Name another with --port`);
  other.close();
});

test('without a wish, a second JupyterLab takes the next free port', async () => {
  const first = await findPort();
  const other = await listen(first);
  expect(await findPort()).toBeGreaterThan(first);
  other.close();
});

test('the token lets in and is in no argument and no log; nothing is left behind', { timeout: 60_000 }, async () => {
  // The server half would start one, and this is about JupyterLab.
  vi.stubEnv('BOTTEGA_AGENT_MAIN', '/no-agent');
  const scratchFolders = () => readdirSync(tmpdir()).filter(name => name.startsWith('bottega-jupyter-'));
  const before = scratchFolders();
  const { signal } = new AbortController();
  const jupyter = await startJupyter({ port: await findPort(), opensBrowser: false, file: 'here', signal });
  const [made] = scratchFolders().filter(name => !before.includes(name));
  try {
    const url = new URL(jupyter.url);
    const token = url.searchParams.get('token');
    const ask = query => fetch(new URL(`/api/contents${query}`, url)).then(answer => answer.status);
    expect([await ask(''), await ask(`?token=${token}`)]).toEqual([403, 200]);
    expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toContain(token);
    expect(readFileSync(join(tmpdir(), made, 'jupyter.log'), 'utf8')).not.toContain(token);
    expect(statSync(join(tmpdir(), made, 'token')).mode & 0o777).toBe(0o600);
  } finally {
    await jupyter.stop();
  }
  expect(scratchFolders()).not.toContain(made);
});
