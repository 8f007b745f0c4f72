import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorBody, EventPage, Run, RunPage, ValidateAnswer } from '@bottega/schema';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SPEC, Workbench } from '../agent.fixture.js';

let bench: Workbench;
let folder: string;
beforeEach(async () => {
  bench = await Workbench.open();
  folder = join(bench.scratch, 'project');
  mkdirSync(folder);
});
afterEach(() => bench.close());

const SCRIPT = 'kind: script\ncommand: echo\n';
const submit = <T = Run>(id: string, more: object = {}) =>
  bench.call<T>('POST', '/v1/runs', { id, config: SCRIPT, folder, cluster: 'local', ...more });
const ids = (): string[] => bench.engine.submitted.map(each => each.id);
const arrived = (id: string) => expect.poll(() => ids().includes(id)).toBe(true);
const end = (id: string, state = 'done'): void => bench.engine.append(id, { type: 'status', state, reason: '' });

test('a run goes to the engine with its config, its tree and the time of the sync, and its events come back', async () => {
  await bench.up();
  writeFileSync(join(folder, 'a.py'), 'x');
  expect((await submit('run-000001')).body).toMatchObject({ state: 'pending', name: 'script', kind: 'script' });
  await arrived('run-000001');
  const { submit: sent } = bench.engine.submitted[0]!;
  expect(sent).toMatchObject({
    config: { kind: 'script', lane: 'warm', resources: { ranks: 1 } },
    phases: [{ name: 'sync' }]
  });
  expect(sent.tree.entries.map(entry => entry.path)).toEqual(['a.py']);
  end('run-000001');
  expect((await bench.untilRun('run-000001', 'done')).tree).toBe(sent.tree.digest);
  const page = await bench.call<EventPage>('GET', '/v1/runs/run-000001/events');
  expect(page.body).toMatchObject({
    last_seq: 2,
    events: [
      { seq: 1, type: 'phase' },
      { seq: 2, type: 'status' }
    ]
  });
  const rest = await bench.call<EventPage>('GET', '/v1/runs/run-000001/events?from=2&limit=5');
  expect(rest.body.events.map(event => event.seq)).toEqual([2]);
});

test('the same submit many times at once is one run', async () => {
  await bench.up();
  const answers = await Promise.all(Array.from({ length: 20 }, () => submit('run-000001')));
  expect(new Set(answers.map(({ body }) => body.created)).size).toBe(1);
  await arrived('run-000001');
  expect(ids()).toEqual(['run-000001']);
  expect((await bench.call<RunPage>('GET', '/v1/runs')).body.runs).toHaveLength(1);
  expect((await submit('run-000001', { name: 'another' })).body).toMatchObject({ code: 'conflict' });
});

test('a run on a starting cluster waits and starts by itself', async () => {
  let isUp = (): void => undefined;
  bench.provider.comingUp = new Promise(resolve => (isUp = resolve));
  await bench.call('POST', '/v1/clusters', { spec: SPEC });
  expect((await submit('run-000001')).body).toMatchObject({
    state: 'pending',
    reason: 'Waiting for the cluster local to be ready.'
  });
  writeFileSync(join(folder, 'later.py'), 'x');
  isUp();
  await arrived('run-000001');
  expect(bench.engine.submitted[0]?.submit.tree.entries).toHaveLength(1);
  expect((await bench.run('run-000001')).reason).toBe('');
});

test('a run that waits for a cluster that fails ends with the reason', async () => {
  let fail = (_error: Error): void => undefined;
  bench.provider.comingUp = new Promise((_resolve, reject) => (fail = reject));
  await bench.call('POST', '/v1/clusters', { spec: SPEC });
  await submit('run-000001');
  fail(new Error('broken'));
  expect((await bench.untilRun('run-000001', 'failed')).reason).toContain('The run had not begun.');
});

test('without a cluster that is up, a submit is refused with what to do', async () => {
  expect((await submit('run-000001')).body).toMatchObject({ code: 'not_found' });
  await bench.up();
  await bench.call('POST', '/v1/clusters/local/stop');
  await bench.untilCluster('stopped');
  const { status, body } = await submit<ErrorBody>('run-000001');
  expect([status, body.code]).toEqual([409, 'cluster_not_ready']);
  expect(body.hint).toContain('Start it');
});

test('a wrong config is refused with every problem and its place, also in what it extends', async () => {
  await bench.up();
  mkdirSync(join(folder, 'runs'));
  writeFileSync(join(folder, 'runs/base.run.yaml'), 'kind: finetune\nmodel: m\ndata: {train: x}\nlearning_rte: 1\n');
  const config = 'extends: base.run.yaml\nmax_steps: none\n';
  const { status, body } = await submit<ErrorBody>('run-000001', { config, config_path: 'runs/my.run.yaml' });
  expect([status, body.code]).toEqual([422, 'invalid_config']);
  expect(body.problems).toMatchObject([
    { line: 2, message: 'max_steps must be a whole number, not text.' },
    { file: 'runs/base.run.yaml', line: 4, suggestion: 'learning_rate' }
  ]);
  const request = { text: config, what: 'run', folder, config_path: 'runs/my.run.yaml' };
  const { body: validated } = await bench.call<ValidateAnswer>('POST', '/v1/validate', request);
  expect(validated.problems).toEqual(body.problems);
});

test('extends that goes in a circle is said', async () => {
  writeFileSync(join(folder, 'b.run.yaml'), 'extends: a.run.yaml\n');
  const request = { text: 'extends: b.run.yaml\n', what: 'run', folder, config_path: 'a.run.yaml' };
  const { body } = await bench.call<ValidateAnswer>('POST', '/v1/validate', request);
  expect(body.problems[0]?.message).toContain('extends goes in a circle');
});

test('a folder that cannot be read is refused, and leaves no run', async () => {
  await bench.up();
  const { body } = await submit<ErrorBody>('run-000001', { folder: join(folder, 'nothing') });
  expect(body.code).toBe('folder_unreadable');
  expect((await bench.call<RunPage>('GET', '/v1/runs')).body.runs).toEqual([]);
});

test('what the engine refuses is how the run ends', async () => {
  await bench.up();
  bench.engine.refusals.push({ status: 422, code: 'too_few_seats', message: 'The run asks for 500 ranks.' });
  await submit('run-000001');
  expect((await bench.untilRun('run-000001', 'failed')).reason).toBe('The run asks for 500 ranks.');
});

test('blobs that the engine lost are sent again', async () => {
  await bench.up();
  bench.engine.refusals.push({ status: 409, code: 'conflict', message: 'Blobs are missing.' });
  await submit('run-000001');
  await arrived('run-000001');
});

test('an engine that is silent for a moment gets the run once it answers', async () => {
  await bench.up();
  bench.engine.breakConnections();
  await submit('run-000001');
  await arrived('run-000001');
  expect(ids()).toEqual(['run-000001']);
});

test('a run that arrived without an answer is not sent again, although its folder is another one by now', async () => {
  await bench.up();
  bench.engine.lostAnswers = 1;
  await submit('run-000001');
  await arrived('run-000001');
  writeFileSync(join(folder, 'edited.py'), 'x');
  await expect.poll(async () => (await bench.run('run-000001')).last_seq, { timeout: 5_000 }).toBe(1);
  end('run-000001');
  const { tree } = await bench.untilRun('run-000001', 'done');
  expect(bench.engine.submitted.map(({ submit: sent }) => sent.tree.digest)).toEqual([tree]);
});

test('a pending run can be stopped before it begins', async () => {
  bench.provider.comingUp = new Promise(() => undefined);
  await bench.call('POST', '/v1/clusters', { spec: SPEC });
  await submit('run-000001');
  const { body } = await bench.call<Run>('POST', '/v1/runs/run-000001/stop');
  expect(body).toMatchObject({ state: 'stopped', reason: 'Stopped by you before it began.', last_seq: 1 });
  expect((await bench.call<Run>('POST', '/v1/runs/run-000001/stop')).body).toEqual(body);
});

test('a live run is stopped by its engine', async () => {
  await bench.up();
  await submit('run-000001');
  await arrived('run-000001');
  await bench.call('POST', '/v1/runs/run-000001/stop');
  await bench.untilRun('run-000001', 'stopped');
});

test('a rerun takes config and folder as they are now, and is itself idempotent', async () => {
  await bench.up();
  writeFileSync(join(folder, 'my.run.yaml'), SCRIPT);
  await submit('run-000001', { config_path: 'my.run.yaml' });
  await arrived('run-000001');
  end('run-000001');
  writeFileSync(join(folder, 'my.run.yaml'), 'kind: script\ncommand: changed\n');
  const rerun = () => bench.call<Run>('POST', '/v1/runs/run-000001/rerun', { id: 'run-000002' });
  expect((await rerun()).body).toMatchObject({ rerun_of: 'run-000001', name: 'my', config_path: 'my.run.yaml' });
  await arrived('run-000002');
  expect(bench.engine.submitted[1]?.submit.config).toMatchObject({ command: 'changed' });
  writeFileSync(join(folder, 'my.run.yaml'), 'kind: script\ncommand: again\n');
  expect((await rerun()).body.id).toBe('run-000002');
  rmSync(join(folder, 'my.run.yaml'));
  const gone = await bench.call<ErrorBody>('POST', '/v1/runs/run-000001/rerun', { id: 'run-000003' });
  expect(gone.body).toMatchObject({ code: 'folder_unreadable' });
});

test('only an ended run is deleted, here and on the engine, also when that is away', async () => {
  await bench.up();
  await submit('run-000001');
  await submit('run-000002');
  await arrived('run-000002');
  expect((await bench.call('DELETE', '/v1/runs/run-000001')).body).toMatchObject({ code: 'conflict' });
  end('run-000001');
  end('run-000002');
  await bench.untilRun('run-000001', 'done');
  await bench.untilRun('run-000002', 'done');
  expect((await bench.call('DELETE', '/v1/runs/run-000001')).status).toBe(204);
  expect(bench.engine.deleted).toEqual(['run-000001']);
  bench.provider.observation = { is: 'unreachable', reason: 'No answer.' };
  bench.engine.breakConnections();
  await bench.untilCluster('lost');
  expect((await bench.call('DELETE', '/v1/runs/run-000002')).status).toBe(204);
  expect((await bench.call('GET', '/v1/runs/run-000002')).status).toBe(404);
  bench.provider.observation = null;
  await expect.poll(() => bench.engine.deleted, { timeout: 5_000 }).toEqual(['run-000001', 'run-000002']);
});

test('a pending run of an agent that was killed is brought to the engine by the next', async () => {
  bench.provider.comingUp = new Promise(() => undefined);
  await bench.call('POST', '/v1/clusters', { spec: SPEC });
  await submit('run-000001');
  await bench.agent.stop();
  bench.provider.comingUp = Promise.resolve();
  await bench.startAgent();
  await arrived('run-000001');
  expect(ids()).toEqual(['run-000001']);
});

test('files come whole or in part, and nothing of the engine but the file', async () => {
  await bench.up();
  await submit('run-000001');
  await arrived('run-000001');
  const whole = await bench.raw('GET', '/v1/runs/run-000001/files/final/model%20a.bin');
  expect(whole).toMatchObject({ status: 200, body: '0123456789' });
  expect(whole.headers).not.toHaveProperty('set-cookie');
  expect(whole.headers['x-content-type-options']).toBe('nosniff');
  const part = await bench.raw('GET', '/v1/runs/run-000001/files/x', undefined, { range: 'bytes=2-4' });
  expect(part).toMatchObject({ status: 206, body: '234', headers: { 'content-range': 'bytes 2-4/10' } });
  for (const path of ['..%2f..%2fsecret', 'a/%2e%2e/%2e%2e/secret']) {
    expect((await bench.raw('GET', `/v1/runs/run-000001/files/${path}`)).status).toBe(404);
  }
});

test('a profile of a run that is over is a conflict', async () => {
  await bench.up();
  await submit('run-000001');
  await arrived('run-000001');
  expect((await bench.call('POST', '/v1/runs/run-000001/profile', { steps: 3 })).status).toBe(204);
  end('run-000001');
  await bench.untilRun('run-000001', 'done');
  expect((await bench.call('POST', '/v1/runs/run-000001/profile', { steps: 3 })).body).toMatchObject({
    code: 'conflict'
  });
});

test('a run that a person keeps cannot be deleted until they let go of it', async () => {
  await bench.up();
  await submit('run-000001');
  await arrived('run-000001');
  end('run-000001');
  await bench.untilRun('run-000001', 'done');
  const keep = (is_kept: boolean) => bench.call<Run>('POST', '/v1/runs/run-000001/keep', { is_kept });
  expect((await keep(true)).body.is_kept).toBe(true);
  const refused = await bench.call<ErrorBody>('DELETE', '/v1/runs/run-000001');
  expect([refused.status, refused.body.code]).toEqual([409, 'conflict']);
  expect(refused.body.hint).toContain('Let go');
  expect((await keep(false)).body.is_kept).toBe(false);
  expect((await bench.call('DELETE', '/v1/runs/run-000001')).status).toBe(204);
});

test('a list has the runs of one state, or all that go on', async () => {
  await bench.up();
  for (const id of ['run-000001', 'run-000002']) {
    await submit(id);
    await arrived(id);
  }
  end('run-000001');
  await bench.untilRun('run-000001', 'done');
  const listed = async (query: string) =>
    (await bench.call<RunPage>('GET', `/v1/runs?${query}`)).body.runs.map(run => run.id);
  expect(await listed('state=active')).toEqual(['run-000002']);
  expect(await listed('state=ended')).toEqual(['run-000001']);
  expect(await listed(`folder=${encodeURIComponent(folder)}&state=done`)).toEqual(['run-000001']);
  expect((await bench.call('GET', '/v1/runs?state=asleep')).status).toBe(400);
});
