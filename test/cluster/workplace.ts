import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Cluster, Run, RunEvent } from '@bottega/schema';
import { connect, findAgent, newRunId, FollowedRun, type LocalClient } from '@bottega/client/node';
import { endAgent } from './agent.ts';
import { until } from './until.ts';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
const python = join(repository, '.venv/bin/python');
const READY_TIMEOUT_MS = 300_000;

/** A person's place of work without a browser: a home with its agent, a small project, a client. All temporary. */
export class Workplace {
  readonly scratch: string;
  readonly client: LocalClient;

  private constructor(scratch: string, client: LocalClient) {
    this.scratch = scratch;
    this.client = client;
  }

  get home(): string {
    return join(this.scratch, 'home');
  }

  get project(): string {
    return join(this.scratch, 'project');
  }

  /** `onSide` wraps the command line of the agent, to start it somewhere else. */
  static async make(onSide: (command: string[]) => string[] = command => command): Promise<Workplace> {
    const scratch = await mkdtemp(join(tmpdir(), 'bottega-'));
    try {
      await makeTinyProject(join(scratch, 'project'));
      const home = join(scratch, 'home');
      await mkdir(home, { mode: 0o700 });
      await startAgent(home, onSide);
      return new Workplace(scratch, await connect({ home, start: false }));
    } catch (error) {
      await rm(scratch, { recursive: true, force: true });
      throw error;
    }
  }

  /** Brings a cluster up and waits until it is ready. */
  async up(spec: string): Promise<Cluster> {
    const { name } = await this.client.up(spec);
    return until('the cluster to be ready', () => this.#readyOrFailed(name), READY_TIMEOUT_MS);
  }

  /** Submits a config file of the project, as the Run button does. */
  async run(file: string, cluster: string): Promise<FollowedRun> {
    return new FollowedRun(this.client, await this.submit(newRunId(), file, cluster));
  }

  async submit(id: string, file: string, cluster: string): Promise<Run> {
    const config = await readFile(join(this.project, file), 'utf8');
    return this.client.submit({ id, config, folder: this.project, config_path: file, cluster });
  }

  /** Starts an agent again after the one before was killed. */
  startAgent(): Promise<void> {
    return startAgent(this.home, command => command);
  }

  async write(file: string, text: string): Promise<void> {
    await writeFile(join(this.project, file), text);
  }

  /** Changes a file of the project, as an editor does that saves it. */
  async edit(file: string, change: (text: string) => string): Promise<void> {
    await this.write(file, change(await readFile(join(this.project, file), 'utf8')));
  }

  async end(): Promise<void> {
    this.client.dispose();
    await endAgent(this.home);
    await rm(this.scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  async #readyOrFailed(name: string): Promise<Cluster | undefined> {
    const cluster = (await this.client.clusters()).find(each => each.name === name);
    if (cluster?.state === 'failed') {
      throw new Error(`${cluster.reason}\n${cluster.error?.message}\n${cluster.error?.details}`);
    }
    return cluster?.state === 'ready' ? cluster : undefined;
  }
}

const makeTinyProject = async (folder: string): Promise<void> => {
  await promisify(execFile)(python, [join(repository, 'test/fixtures/tiny_project.py'), folder]);
};

const startAgent = async (home: string, onSide: (command: string[]) => string[]): Promise<void> => {
  const main = join(repository, 'cluster-agent/lib/main.js');
  const [command = '', ...args] = onSide([process.execPath, main, '--home', home]);
  const environment = { ...process.env, BOTTEGA_HOME: home, BOTTEGA_PYTHON: python };
  const agent = spawn(command, args, { stdio: 'ignore', env: environment });
  await until('the agent to answer', () => answerOf(home, agent.exitCode), 20_000);
};

const answerOf = async (home: string, exitCode: number | null): Promise<true | undefined> => {
  if (exitCode !== null) throw new Error(`The agent ended with code ${exitCode}.`);
  return (await findAgent(home)) ? true : undefined;
};

/** Every event of a run up to the first that satisfies the condition, that one included. */
export const eventsUntil = async (
  run: FollowedRun,
  isLast: (event: RunEvent) => boolean,
  timeoutMs = 60_000
): Promise<RunEvent[]> => {
  const seen: RunEvent[] = [];
  for await (const event of run.events(1, AbortSignal.timeout(timeoutMs))) {
    seen.push(event);
    if (isLast(event)) return seen;
  }
  throw new Error(`The run ended before that: ${JSON.stringify(seen.at(-1))}`);
};

/** Every event of a run to its end. */
export const allEvents = async (run: FollowedRun, timeoutMs = 60_000): Promise<RunEvent[]> => {
  const seen: RunEvent[] = [];
  for await (const event of run.events(1, AbortSignal.timeout(timeoutMs))) seen.push(event);
  return seen;
};

export const outputOf = (events: RunEvent[]): string =>
  events.flatMap(event => (event.type === 'output' ? [event.text] : [])).join('');

export const lossesOf = (events: RunEvent[]): number[] =>
  events.flatMap(event =>
    event.type === 'metric' && typeof event.values['loss'] === 'number' ? [event.values['loss']] : []
  );
