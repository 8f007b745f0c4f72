import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunPage } from '@bottega/schema';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalState } from '../clusters/providers/local/local-state.js';
import { livingOf } from '../clusters/providers/local/processes.js';
import { AgentProcess, outputOf } from './agent-process.fixture.js';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const SPEC = 'provider: local\nname: local\ncpus: 2\n';
const COUNT = 'import time\nfor number in range(40):\n    print("line", number, flush=True)\n    time.sleep(0.1)\n';
const SETTINGS = { BOTTEGA_RESIDENT_MEMORY: '0.25', BOTTEGA_RESIDENT_MINUTES: '12' };
const agent = new AgentProcess();

const localState = () => JSON.parse(readFileSync(join(agent.home, 'clusters/local/local.json'), 'utf8')) as LocalState;
const engineState = () =>
  JSON.parse(readFileSync(join(agent.home, 'clusters/local/engine.json'), 'utf8')) as { token: string; origin: string };
/** Empty when it has ended meanwhile. */
const wordsOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ');
  } catch {
    return '';
  }
};
const pidOf = async (program: string): Promise<number> => {
  const found = (await livingOf(localState())).find(
    ({ pid, name }) => name === program || wordsOf(pid).startsWith(program)
  );
  if (!found) throw new Error(`There is no ${program}.`);
  return found.pid;
};

beforeAll(async () => {
  execFileSync(join(repository, '.venv/bin/python'), [
    join(repository, 'test/fixtures/tiny_project.py'),
    agent.project
  ]);
  agent.write('count.py', COUNT);
  await agent.start(SETTINGS);
  await agent.call('POST', '/v1/clusters', { spec: SPEC });
  await agent.untilCluster('local', ['ready']);
});
afterAll(() => agent.end());

test('a second agent of the home sees the first and ends with 0', async () => {
  const second = agent.spawn();
  expect(await once(second, 'exit')).toEqual([0, null]);
  expect(agent.address.pid).toBe(agent.process?.pid);
});

test('a ready cluster tells its phases, its node and its versions', async () => {
  const [cluster] = await agent.clusters();
  expect(cluster?.phases.map(phase => phase.name)).toEqual(['ray', 'dashboard', 'engine', 'zygote']);
  expect(cluster?.nodes).toMatchObject([{ cpus: 2, zygote: 'ready' }]);
  expect(cluster?.ray_version).toMatch(/^\d+\.\d+/);
});

test('the engine is told how much memory base models may take, and how long', async () => {
  const told = readFileSync(`/proc/${await pidOf('python -m bottega_engine.service')}/environ`, 'utf8').split('\0');
  for (const [name, value] of Object.entries(SETTINGS)) expect(told).toContain(`${name}=${value}`);
});

/** 127.0.0.1, the same as an IPv6 address, and ::1, as /proc/net writes them. */
const LOOPBACK = ['0100007F', '0000000000000000FFFF00000100007F', '00000000000000000000000001000000'];

test('no port of the cluster listens beyond loopback, and no token is on a command line', async () => {
  const pids = (await livingOf(localState())).map(({ pid }) => pid);
  const secrets = [readFileSync(join(agent.home, 'clusters/local/ray-token'), 'utf8'), engineState().token];
  for (const pid of pids) {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    for (const secret of secrets) expect(words).not.toContain(secret);
  }
  const own = new Set(pids.flatMap(socketsOf));
  const listening = ['tcp', 'tcp6']
    .flatMap(kind => readFileSync(`/proc/net/${kind}`, 'utf8').split('\n'))
    .map(line => line.trim().split(/\s+/))
    .filter(fields => fields[3] === '0A' && own.has(fields[9] ?? ''));
  expect(listening.length).toBeGreaterThan(3);
  for (const [, address = ''] of listening) expect(LOOPBACK).toContain(address.split(':')[0]);
});

/** Inodes of the sockets that a process has open. */
const socketsOf = (pid: number): string[] =>
  readdirSync(`/proc/${pid}/fd`).flatMap(name => {
    try {
      return /socket:\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/fd/${name}`))?.slice(1) ?? [];
    } catch {
      // Closed since the folder was read.
      return [];
    }
  });

test('a fine-tuning run goes from submit to the final model, every event numbered', async () => {
  const config = readFileSync(join(agent.project, 'tiny.run.yaml'), 'utf8');
  await agent.submit('finetune-1', config, { config_path: 'tiny.run.yaml' });
  expect(await agent.untilEnded('finetune-1')).toMatchObject({ state: 'done', step: 5, max_steps: 5 });
  const events = await agent.events('finetune-1');
  expect(events[0]).toMatchObject({ type: 'phase', name: 'sync' });
  expect(events.filter(event => event.type === 'metric')).toHaveLength(5);
  const checkpoint = events.find(event => event.type === 'checkpoint');
  expect(checkpoint).toMatchObject({ final: true });
  const file = await agent.raw('GET', '/v1/runs/finetune-1/files/final/adapter_config.json');
  expect(file.status).toBe(200);
  expect(JSON.parse(file.text)).toMatchObject({ peft_type: 'LORA' });
});

test('the same submit many times at once is one run', async () => {
  const submit = () => agent.submit('same-run-1', 'kind: script\ncommand: [sh, -c, "echo once"]\n');
  const answers = await Promise.all(Array.from({ length: 10 }, submit));
  expect(new Set(answers.map(run => run.created)).size).toBe(1);
  await agent.untilEnded('same-run-1');
  expect(outputOf(await agent.events('same-run-1'))).toBe('once\n');
  const { runs } = await agent.call<RunPage>('GET', '/v1/runs?filter=same-run');
  expect(runs).toHaveLength(1);
});

test('an agent that is killed in the middle of a run: the next one goes on with it, and with the one that waited', async () => {
  await agent.submit('killed-1', 'kind: script\ncommand: count.py\n');
  await expect.poll(async () => (await agent.run('killed-1')).last_seq, { timeout: 20_000 }).toBeGreaterThan(8);
  const submitting = agent.submit('killed-2', 'kind: script\ncommand: count.py\n').catch(() => undefined);
  await agent.kill('SIGKILL');
  await submitting;
  await agent.start();
  await agent.submit('killed-2', 'kind: script\ncommand: count.py\n');
  await agent.untilCluster('local', ['ready']);
  const lines = Array.from({ length: 40 }, (_, number) => `line ${number}\n`).join('');
  for (const id of ['killed-1', 'killed-2']) {
    expect(await agent.untilEnded(id)).toMatchObject({ state: 'done' });
    expect(outputOf(await agent.events(id))).toBe(lines);
  }
});

test('a run is stopped in the middle', async () => {
  await agent.submit('stopped-1', 'kind: script\ncommand: count.py\n');
  await expect.poll(async () => (await agent.run('stopped-1')).state, { timeout: 20_000 }).toBe('running');
  await agent.call('POST', '/v1/runs/stopped-1/stop');
  expect(await agent.untilEnded('stopped-1')).toMatchObject({ state: 'stopped' });
});

test('the Ray Dashboard is there to look at', async () => {
  expect((await agent.raw('GET', '/v1/clusters/local/dashboard/')).text).toContain('Ray Dashboard');
  expect(JSON.parse((await agent.raw('GET', '/v1/clusters/local/dashboard/api/version')).text)).toHaveProperty(
    'ray_version'
  );
  expect((await agent.raw('POST', '/v1/clusters/local/dashboard/api/jobs/', {})).status).toBe(405);
});

test('the same cluster as an existing one, with a wrong token: said at once', async () => {
  const tokenFile = join(agent.scratch, 'wrong');
  writeFileSync(tokenFile, 'not-the-token-of-this-cluster', { mode: 0o600 });
  const address = `http://127.0.0.1:${localState().dashboardPort}`;
  const spec = `provider: existing\nname: far\naddress: ${address}\ntoken_file: ${tokenFile}\n`;
  await agent.call('POST', '/v1/clusters', { spec });
  expect(await agent.untilCluster('far', ['failed'], 5_000)).toMatchObject({
    error: { code: 'unauthorized', message: expect.stringContaining('does not accept this token') as string }
  });
});

test('an engine that is killed comes back, and its run is lost with a reason', async () => {
  await agent.submit('lost-run-1', 'kind: script\ncommand: count.py\n');
  await expect.poll(async () => (await agent.run('lost-run-1')).state, { timeout: 20_000 }).toBe('running');
  process.kill(await pidOf('python -m bottega_engine.service'), 'SIGKILL');
  const lost = await agent.untilEnded('lost-run-1');
  expect(lost.state).toBe('lost');
  expect(lost.reason).not.toBe('');
  await agent.events('lost-run-1');
  await agent.untilCluster('local', ['ready']);
  await agent.submit('after-that', 'kind: script\ncommand: [sh, -c, "echo again"]\n');
  expect(await agent.untilEnded('after-that')).toMatchObject({ state: 'done' });
});

test('a head that is killed is a failed cluster with the reason, and nothing of it is left', async () => {
  await agent.submit('headless-1', 'kind: script\ncommand: count.py\n');
  await expect.poll(async () => (await agent.run('headless-1')).state, { timeout: 20_000 }).toBe('running');
  const state = localState();
  process.kill(await pidOf('gcs_server'), 'SIGKILL');
  process.kill(await pidOf('raylet'), 'SIGKILL');
  const failed = await agent.untilCluster('local', ['failed'], 60_000);
  expect(failed.reason).toContain('The head of the cluster died');
  expect((await agent.run('headless-1')).state).toBe('lost');
  expect(await livingOf(state)).toEqual([]);
});
