#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Agent } from './agent.js';
import { ExistingProvider } from './clusters/providers/existing/index.js';
import { LocalProvider } from './clusters/providers/local/index.js';
import { engineSettings, RayJobStarter } from './engine/index.js';
import { Home, HomeLock, isAnswering } from './home/index.js';
import { openLog, type Log } from './log/index.js';

const FIRST_TIMEOUT_MS = 15_000;
const CHECK_EVERY_MS = 50;
/** An ordered end that takes longer has met something that hangs. */
const STOP_TIMEOUT_MS = 10_000;

const repository = fileURLToPath(new URL('../..', import.meta.url));

const main = async (): Promise<void> => {
  const { values } = parseArgs({ options: { home: { type: 'string' } } });
  const home = new Home(values.home ?? process.env['BOTTEGA_HOME'] ?? join(homedir(), '.bottega'));
  const lock = await takeLock(home);
  if (!lock) return;
  const log = openLog(home.file('agent.log'));
  const python = process.env['BOTTEGA_PYTHON'] ?? join(repository, '.venv/bin/python');
  const agent = new Agent({
    home,
    log,
    version: versionOf(),
    providers: {
      local: (spec, folder) => new LocalProvider({ spec, folder, python }),
      existing: spec => new ExistingProvider(spec)
    },
    starter: new RayJobStarter({
      packages: [join(repository, 'native/bottega_engine'), join(repository, 'schema/python/bottega_schema')],
      settings: engineSettings(process.env)
    })
  });
  endOnSignal(agent, lock, log);
  await agent.start();
};

/** Null when another agent of this home is there and answers. */
const takeLock = async (home: Home): Promise<HomeLock | null> => {
  const deadline = Date.now() + FIRST_TIMEOUT_MS;
  for (;;) {
    const lock = HomeLock.take(home.file('agent.lock'));
    if (lock) return lock;
    if (await isAnswering(home.file('agent.json'))) return null;
    if (Date.now() > deadline) throw new Error(`An agent holds ${home.path} and does not answer.`);
    await delay(CHECK_EVERY_MS);
  }
};

const endOnSignal = (agent: Agent, lock: HomeLock, log: Log): void => {
  const end = (): void => {
    setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref();
    agent.stop().then(
      () => {
        lock.release();
        process.exit(0);
      },
      (err: unknown) => {
        log.fatal({ err }, 'the agent could not end in order');
        process.exit(1);
      }
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  // A closed terminal is not a reason to end: the agent belongs to nobody.
  process.on('SIGHUP', () => undefined);
  process.on('uncaughtException', err => {
    log.fatal({ err }, 'a defect ended the agent');
    console.error(err);
    process.exit(70);
  });
};

const versionOf = (): string =>
  (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version;

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
