// One JupyterLab on loopback, for as long as the script that started it lives.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { root } from './setup.mjs';

const USUAL_PORT = 8888;
const PORTS_TRIED = 100;
const START_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 10_000;

/** What stands against a port: an error code, or undefined. */
const obstacleOf = port =>
  new Promise(resolve => {
    const server = createServer()
      .once('error', error => resolve(error.code))
      .listen(port, '127.0.0.1', () => server.close(() => resolve(undefined)));
  });

/** The port that was asked for, or the first free one from Jupyter's usual port on. */
export const findPort = async wanted => {
  if (wanted !== undefined) {
    const obstacle = await obstacleOf(wanted);
    if (obstacle === undefined) return wanted;
    const why = obstacle === 'EACCES' ? 'is not allowed for you' : 'is used by another program';
    throw new Error(`Port ${wanted} ${why}. Name another with --port, or leave --port out to take a free one.`);
  }
  for (let port = USUAL_PORT; port < USUAL_PORT + PORTS_TRIED; port += 1) {
    if ((await obstacleOf(port)) === undefined) return port;
  }
  throw new Error(`No port from ${USUAL_PORT} to ${USUAL_PORT + PORTS_TRIED - 1} is free. Name one with --port.`);
};

/** Starts JupyterLab in `examples/`, with a file open, and waits until it answers or the signal ends the wait. */
export const startJupyter = async ({ port, opensBrowser, file, signal }) => {
  const scratch = mkdtempSync(join(tmpdir(), 'bottega-jupyter-'));
  const token = randomBytes(24).toString('hex');
  // In a file that only this person can read: arguments, logs and the environment of kernels and runs stay free of it.
  const tokenFile = join(scratch, 'token');
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const settings = {
    'ServerApp.ip': '127.0.0.1',
    'ServerApp.port': port,
    'ServerApp.port_retries': 0,
    'ServerApp.root_dir': join(root, 'examples'),
    'ServerApp.open_browser': opensBrowser ? 'True' : 'False',
    'ServerApp.allow_root': process.getuid?.() === 0 ? 'True' : 'False',
    'LabApp.default_url': `/lab/tree/${file}`
  };
  const log = openSync(join(scratch, 'jupyter.log'), 'w', 0o600);
  const child = spawn(
    join(root, '.venv/bin/jupyter-lab'),
    Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
    {
      // A session of its own: Ctrl+C reaches this script, which ends JupyterLab in order.
      detached: true,
      stdio: ['ignore', log, log],
      env: {
        ...process.env,
        PATH: [join(root, 'node_modules/.bin'), join(root, '.venv/bin'), process.env.PATH].join(delimiter),
        JUPYTER_TOKEN_FILE: tokenFile
      }
    }
  );
  closeSync(log);
  const ended = new Promise(resolve => child.once('close', resolve).once('error', resolve));
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null && child.pid) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await ended;
      clearTimeout(timer);
    }
    rmSync(scratch, { recursive: true, force: true });
  };
  const address = `http://127.0.0.1:${port}`;
  try {
    await untilItAnswers(`${address}/api`, child, signal);
  } catch (error) {
    const tail = readFileSync(join(scratch, 'jupyter.log'), 'utf8').trimEnd().split('\n').slice(-15).join('\n');
    await stop();
    throw new Error(`${error.message}\n${tail}`, { cause: error });
  }
  return { url: `${address}/lab/tree/${file}?token=${token}`, ended, stop };
};

const untilItAnswers = async (url, child, signal) => {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadline) {
    signal.throwIfAborted();
    if (child.exitCode !== null || !child.pid) throw new Error('JupyterLab did not start. The end of its log:');
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    if (answer?.ok) return;
    await delay(100);
  }
  throw new Error(`JupyterLab did not answer within ${START_TIMEOUT_MS / 1000} seconds. The end of its log:`);
};
