import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorBody, PreviousStart, Run } from '@bottega/schema';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Workbench } from '../agent.fixture.js';

let bench: Workbench;
let folder: string;
beforeEach(async () => {
  bench = await Workbench.open();
  folder = join(bench.scratch, 'project');
  mkdirSync(folder);
  await bench.up();
});
afterEach(() => bench.close());

const FINETUNE = 'kind: finetune\nmodel: m\ndata: {train: x}\nmax_steps: 9\n';
const RUN = 'run-000001';
const submit = <T = Run>(id: string, config = FINETUNE, more: object = {}) =>
  bench.call<T>('POST', '/v1/runs', { id, config, folder, cluster: 'local', ...more });
const arrived = (id: string) => expect.poll(() => bench.engine.submitted.some(each => each.id === id)).toBe(true);
const started = async (id: string, config?: string, more?: object): Promise<void> => {
  await submit(id, config, more);
  await arrived(id);
  bench.engine.append(id, { type: 'status', state: 'running', reason: '', max_steps: 9 });
  await bench.untilRun(id, 'running');
};
const change = (values: object, id = RUN) => bench.call<ErrorBody>('PATCH', `/v1/runs/${id}/config`, { values });
const heldFrom = async (step: number, values: object): Promise<void> => {
  bench.engine.append(RUN, { type: 'change', step, values, before: {} });
  const seq = bench.engine.runs.get(RUN)!.length;
  await expect.poll(async () => (await bench.run(RUN)).last_seq).toBe(seq);
};

test('live fields go to the engine', async () => {
  await started(RUN);
  const values = { learning_rate: 1e-4, 'samples.prompts': ['a'], max_steps: 20 };
  expect((await change(values)).status).toBe(204);
  expect(bench.engine.changes).toEqual([values]);
});

test('a run that waits can be changed from the moment on that its engine has it', async () => {
  bench.engine.refusals.push({ status: 504, code: 'timeout', message: 'No answer.' });
  await submit(RUN);
  expect((await change({ learning_rate: 1e-4 })).body).toMatchObject({
    code: 'conflict',
    message: 'The run finetune is still on its way to the cluster local.'
  });
  await expect.poll(async () => (await bench.run(RUN)).last_seq, { timeout: 5_000 }).toBeGreaterThan(0);
  expect((await bench.run(RUN)).state).toBe('pending');
  expect((await change({ learning_rate: 1e-4 })).status).toBe(204);
  expect(bench.engine.changes).toEqual([{ learning_rate: 1e-4 }]);
});

test('a field that is not live is refused with the nearest that is', async () => {
  await started(RUN);
  expect((await change({ learning_rte: 1 })).body).toMatchObject({
    code: 'invalid_request',
    hint: 'Did you mean learning_rate?'
  });
  expect((await change({ seed: 1 })).body.message).toContain('seed cannot be changed while the run goes on');
  expect(bench.engine.changes).toEqual([]);
});

test('the config that would come out is checked with the sentences of the schema', async () => {
  await started(RUN);
  const problems = async (values: object) =>
    (await change(values)).body.problems?.map(each => [each.path, each.message]);
  expect(await problems({ eval_steps: 5 })).toEqual([
    ['/eval_steps', 'eval_steps needs evaluation data: set data.eval or data.eval_fraction.']
  ]);
  expect(await problems({ learning_rate: -1 })).toMatchObject([['/learning_rate', expect.any(String)]]);
  expect(await problems({ 'samples.every_steps': 5 })).toEqual([['/samples', 'samples.prompts is missing.']]);
  expect(bench.engine.changes).toEqual([]);
});

test('earlier changes are part of the config', async () => {
  await started(RUN);
  expect((await change({ save_total_limit: 2 })).body.problems?.[0]?.message).toBe(
    'save_total_limit needs save_steps.'
  );
  await heldFrom(2, { save_steps: 5 });
  expect((await change({ save_total_limit: 2 })).status).toBe(204);
  await heldFrom(3, { save_total_limit: 2 });
  expect((await change({ save_steps: null })).body.code).toBe('invalid_config');
  await heldFrom(4, { 'samples.prompts': ['a'] });
  expect((await change({ 'samples.every_steps': 5 })).status).toBe(204);
  expect((await change({ 'samples.prompts': null })).status).toBe(204);
});

test('a run that is over and a script have nothing to change', async () => {
  await started(RUN);
  await started('run-000002', 'kind: script\ncommand: echo\n');
  expect((await change({ learning_rate: 1 }, 'run-000002')).body).toMatchObject({ code: 'invalid_request' });
  bench.engine.append(RUN, { type: 'status', state: 'done', reason: '' });
  await bench.untilRun(RUN, 'done');
  expect((await change({ learning_rate: 1 })).body).toMatchObject({ code: 'conflict' });
  expect((await change({ learning_rate: 1 }, 'run-000009')).body).toMatchObject({ code: 'not_found' });
});

const branch = (from: string): string => `${FINETUNE}resume_from_checkpoint: ${from}\n`;
const checkpoint = (step: number, final = false): object => ({
  type: 'checkpoint',
  ...{ step, path: 'p', size_bytes: 1, final }
});

test('a branch of a run that goes on is kept in the record', async () => {
  await started(RUN);
  bench.engine.append(RUN, checkpoint(4));
  await expect.poll(async () => (await bench.run(RUN)).last_seq).toBe(3);
  expect((await submit('run-000002', branch(`${RUN}/checkpoint-4`))).body.branch_of).toEqual({ run: RUN, step: 4 });
  expect((await submit('run-000003', branch(RUN))).body.branch_of).toEqual({ run: RUN, step: null });
  const path = `/data/runs/${RUN}/output`;
  expect((await submit('run-000004', branch(`${path}/checkpoint-4`))).body.branch_of).toEqual({ run: RUN, step: 4 });
  expect((await submit('run-000005', branch(path))).body.branch_of).toEqual({ run: RUN, step: null });
  expect((await submit('run-000006', branch('/somewhere/checkpoint-4'))).body.branch_of).toBeNull();
  expect((await submit('run-000007')).body.branch_of).toBeNull();
});

test.each([
  ['run-000009', 'there is no run run-000009'],
  ['my best run', 'there is no run my best run'],
  [`${RUN}/checkpoint-5`, 'no complete checkpoint at step 5. Complete are 4.'],
  [`${RUN}/checkpoint-9`, 'no complete checkpoint at step 9. Complete are 4.'],
  ['run-000002', 'ended without a complete checkpoint']
])('a branch from %s is refused with its place', async (from, message) => {
  await started(RUN);
  await started('run-000002');
  bench.engine.append(RUN, checkpoint(4), checkpoint(9, true), { type: 'status', state: 'done', reason: '' });
  bench.engine.append('run-000002', { type: 'status', state: 'done', reason: '' });
  await bench.untilRun(RUN, 'done');
  await bench.untilRun('run-000002', 'done');
  const { status, body } = await submit<ErrorBody>('run-000003', branch(from));
  expect([status, body.code]).toEqual([422, 'invalid_config']);
  expect(body.problems).toMatchObject([{ path: '/resume_from_checkpoint', line: 5 }]);
  expect(body.problems?.[0]?.message).toContain(message);
});

test('the previous start is that of the same folder and config file that began', async () => {
  writeFileSync(join(folder, 'one.run.yaml'), FINETUNE);
  const one = { config_path: 'one.run.yaml' };
  const previous = async (id: string) => (await bench.call<PreviousStart>('GET', `/v1/runs/${id}/previous`)).body;
  await started(RUN, FINETUNE, one);
  bench.engine.append(RUN, { type: 'phase', name: 'fork', started: 1, duration_ms: 2 });
  await expect.poll(async () => (await bench.run(RUN)).last_seq).toBe(3);
  expect(await previous(RUN)).toEqual({ run: null, phases: [] });
  await started('run-000002', FINETUNE, { config_path: 'two.run.yaml' });
  await submit('run-000003', FINETUNE, one);
  await submit('run-000004', FINETUNE, one);
  const { run, phases } = await previous('run-000004');
  expect(run?.id).toBe(RUN);
  expect(phases.map(phase => phase.name)).toEqual(['sync', 'fork']);
});

test('runs from no file are compared by their name', async () => {
  await started(RUN, FINETUNE, { name: 'cell' });
  await started('run-000002', FINETUNE, { name: 'other' });
  await submit('run-000003', FINETUNE, { name: 'cell' });
  const { body } = await bench.call<PreviousStart>('GET', '/v1/runs/run-000003/previous');
  expect(body.run?.id).toBe(RUN);
});
