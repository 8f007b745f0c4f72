import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { AgentAddress, AgentInfo } from '@bottega/schema';
import { BottegaError } from '../error.js';
import { UnixTransport } from './unix-transport.js';

const START_TIMEOUT_MS = 20_000;
const ANSWER_TIMEOUT_MS = 2_000;
const CHECK_EVERY_MS = 40;
/** The first Node 22 with everything the agent needs without a flag. */
const LEAST_NODE = [22, 19];

const repository = fileURLToPath(new URL('../../../..', import.meta.url));

export const defaultHome = (): string => resolve(process.env['BOTTEGA_HOME'] ?? join(homedir(), '.bottega'));

/** Where the agent of a home is, when one is there and answers. */
export const findAgent = async (home: string): Promise<AgentAddress | null> => {
  const address = await readAddress(home);
  return address && (await answers(address)) ? address : null;
};

const readAddress = async (home: string): Promise<AgentAddress | null> => {
  try {
    return JSON.parse(await readFile(join(home, 'agent.json'), 'utf8')) as AgentAddress;
  } catch (error) {
    // Not there, or half written by an agent that was killed in that moment: the same as no agent.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
};

const answers = async (address: AgentAddress): Promise<boolean> => {
  const transport = new UnixTransport(address.socket);
  try {
    const response = await transport.fetch('/v1/info', { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    return response.ok && ((await response.json()) as AgentInfo).name === 'bottega-agent';
  } catch {
    return false;
  } finally {
    transport.dispose();
  }
};

/** Starts an agent that outlives this process and waits until it answers. A second start of the same home is harmless. */
export const startAgent = async (home: string): Promise<AgentAddress> => {
  const main = process.env['BOTTEGA_AGENT_MAIN'] ?? join(repository, 'cluster-agent/lib/main.js');
  if (!existsSync(main)) {
    throw startFailed('The program of the agent is missing.', 'Build it with npm run build.', main);
  }
  const node = await findNode();
  await mkdir(home, { recursive: true, mode: 0o700 });
  const errors = await open(join(home, 'agent-start.log'), 'w', 0o600);
  const python = process.env['BOTTEGA_PYTHON'] ?? join(repository, '.venv/bin/python');
  const child = spawn(node, [main, '--home', home], {
    detached: true,
    stdio: ['ignore', 'ignore', errors.fd],
    env: { ...process.env, BOTTEGA_HOME: home, BOTTEGA_PYTHON: python }
  });
  await errors.close();
  child.on('error', () => undefined);
  child.unref();
  return waitForAgent(home, () => child.exitCode ?? (child.pid === undefined ? 1 : null));
};

const waitForAgent = async (home: string, exitCode: () => number | null): Promise<AgentAddress> => {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const address = await findAgent(home);
    if (address) return address;
    const code = exitCode();
    // An agent that ends with 0 found another one that is coming up.
    if (code) throw startFailed(`The agent ended with code ${code} while it started.`, hintLog(home), await tail(home));
    await delay(CHECK_EVERY_MS);
  }
  throw startFailed(
    `The agent did not answer within ${START_TIMEOUT_MS / 1000} seconds.`,
    hintLog(home),
    await tail(home)
  );
};

const findNode = async (): Promise<string> => {
  const candidates = [process.env['BOTTEGA_NODE'], join(repository, 'node_modules/.bin/node'), process.execPath];
  const found: string[] = [];
  for (const candidate of candidates) {
    if (!candidate || !existsSync(candidate)) continue;
    const { stdout } = await promisify(execFile)(candidate, ['--version'], { timeout: 5_000 });
    if (isNewEnough(stdout)) return candidate;
    found.push(`${candidate}: ${stdout.trim()}`);
  }
  const needed = LEAST_NODE.join('.');
  throw startFailed(
    `The agent needs Node ${needed} or newer.`,
    'Install it, or name one in the environment variable BOTTEGA_NODE.',
    found.join('\n')
  );
};

const isNewEnough = (version: string): boolean => {
  const [major = 0, minor = 0] = version.trim().slice(1).split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = LEAST_NODE;
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
};

const hintLog = (home: string): string => `Its log is ${join(home, 'agent.log')}.`;

const tail = async (home: string): Promise<string> => {
  const texts = await Promise.all(
    ['agent-start.log', 'agent.log'].map(name => readFile(join(home, name), 'utf8').catch(() => ''))
  );
  return texts.map(text => text.slice(-4_000)).join('\n');
};

const startFailed = (message: string, hint: string, details: string): BottegaError =>
  new BottegaError({ code: 'agent_unreachable', message, hint, details });
