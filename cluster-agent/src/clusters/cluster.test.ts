import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { clusterStates, type Cluster, type Run } from '@bottega/schema';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SPEC, Workbench } from '../agent.fixture.js';
import { BottegaError } from '../errors/index.js';
import { node } from '../engine/engine.fixture.js';
import { IdleStop } from './idle-stop.js';
import { Changes } from '../changes/index.js';
import { canBecome } from './states.js';

let bench: Workbench;
beforeEach(async () => {
  bench = await Workbench.open();
});
afterEach(() => bench.close());

const up = (spec = SPEC) => bench.call<Cluster>('POST', '/v1/clusters', { spec });
const stop = () => bench.call<Cluster>('POST', '/v1/clusters/local/stop');
const submit = (id: string, folder = bench.scratch) => {
  const request = { id, config: 'kind: script\ncommand: echo\n', folder, cluster: 'local' };
  return bench.call<Run>('POST', '/v1/runs', request);
};

test('a start goes through timed phases to ready', async () => {
  expect((await up()).body).toMatchObject({ state: 'starting' });
  const cluster = await bench.untilCluster('ready');
  expect(cluster.phases.map(phase => phase.name)).toEqual(['ray', 'dashboard', 'engine', 'zygote']);
  expect(cluster.phases.every(phase => typeof phase.duration_ms === 'number')).toBe(true);
  expect(cluster).toMatchObject({ ray_version: '2', incarnation: 'session_1', nodes: [node('ready')] });
});

test('it is ready only when a node has its libraries imported', async () => {
  bench.engine.nodes = [node('starting')];
  await up();
  await expect.poll(async () => (await bench.cluster())?.phases.at(-1)?.name).toBe('zygote');
  expect(await bench.cluster()).toMatchObject({ state: 'starting', reason: 'Python libraries are being imported.' });
  bench.engine.setNodes([node('ready')]);
  await bench.untilCluster('ready');
});

test('starting it again is the same cluster, with another spec a conflict', async () => {
  await bench.up();
  expect((await up()).body.state).toBe('ready');
  expect((await up(`${SPEC}cpus: 1\n`)).body).toMatchObject({ code: 'conflict' });
  expect(bench.provider.ups).toBe(1);
});

test('a spec that is wrong is refused with its place', async () => {
  const { status, body } = await up('provider: local\nname: local\ncpu: 1\n');
  expect([status, body]).toMatchObject([
    422,
    { code: 'invalid_cluster_spec', problems: [{ line: 3, suggestion: 'cpus' }] }
  ]);
  expect((await bench.call('GET', '/v1/clusters')).body).toEqual([]);
});

test('a start can be given up, and begun again', async () => {
  bench.provider.comingUp = new Promise(() => undefined);
  await up();
  expect((await stop()).body.state).toBe('stopping');
  expect((await bench.untilCluster('stopped')).reason).toBe('Stopped by you.');
  expect(bench.provider.downs).toBe(1);
  bench.provider.comingUp = Promise.resolve();
  await bench.up();
});

test('a start that fails says why, clears up, and can be tried again', async () => {
  const error = { hint: 'Do this.', details: 'end of the log' };
  bench.provider.comingUp = Promise.reject(new BottegaError('cluster_start_failed', 'Ray did not start.', error));
  bench.provider.comingUp.catch(() => undefined);
  await up();
  const failed = await bench.untilCluster('failed');
  expect(failed).toMatchObject({ reason: 'Ray did not start.', error: { code: 'cluster_start_failed', ...error } });
  expect(bench.provider.downs).toBe(1);
  bench.provider.comingUp = Promise.resolve();
  await bench.up();
  expect(await bench.cluster()).not.toHaveProperty('error');
});

test('when all libraries fail to import, the cluster fails', async () => {
  bench.engine.nodes = [node('failed')];
  await up();
  expect((await bench.untilCluster('failed')).error).toMatchObject({ code: 'engine_failed' });
  // Once they import, the next start has an engine of its own.
  bench.engine.nodes = [node('ready')];
  await bench.up();
  expect(bench.engineStarts).toBe(2);
});

test('a connection that breaks comes back, and the cluster stays ready', async () => {
  await bench.up();
  await submit('run-000001');
  await expect.poll(() => bench.engine.submitted.length).toBe(1);
  bench.engine.breakConnections();
  bench.engine.append('run-000001', { type: 'status', state: 'done', reason: '' });
  expect((await bench.untilRun('run-000001', 'done')).last_seq).toBe(2);
  expect(await bench.cluster()).toMatchObject({ state: 'ready' });
  expect(bench.engineStarts).toBe(1);
});

test('an engine that died is started again, and what it does not know any more is lost', async () => {
  await bench.up();
  await submit('run-000001');
  await expect.poll(async () => (await bench.run('run-000001')).last_seq).toBe(1);
  await bench.replaceEngine('second');
  expect((await bench.untilRun('run-000001', 'lost')).reason).toContain('engine');
  await bench.untilCluster('ready');
  expect(bench.engineStarts).toBe(2);
});

test('an engine that dies again and again is given up', async () => {
  await bench.up();
  for (const starts of [2, 3]) {
    await bench.replaceEngine(`number ${starts}`);
    await expect.poll(async () => [bench.engineStarts, (await bench.cluster())?.state]).toEqual([starts, 'ready']);
  }
  await bench.replaceEngine('one too many');
  expect((await bench.untilCluster('failed')).error).toMatchObject({ code: 'engine_failed' });
});

test('a head that died fails the cluster and loses its runs, with the reason', async () => {
  await bench.up();
  await submit('run-000001');
  await expect.poll(async () => (await bench.run('run-000001')).last_seq).toBe(1);
  bench.provider.observation = { is: 'gone', reason: 'The head of the cluster died.' };
  bench.engine.breakConnections();
  expect((await bench.untilCluster('failed')).reason).toBe('The head of the cluster died.');
  expect((await bench.untilRun('run-000001', 'lost')).reason).toBe('The head of the cluster died.');
});

test('a head whose last node is gone is looked at, although the engine still answers', async () => {
  await bench.up();
  bench.provider.observation = { is: 'gone', reason: 'raylet is gone.' };
  bench.engine.setNodes([]);
  expect((await bench.untilCluster('failed')).reason).toBe('raylet is gone.');
});

test('a cluster that does not answer is lost, its runs go on, and it comes back', async () => {
  await bench.up();
  await submit('run-000001');
  await expect.poll(() => bench.engine.submitted.length).toBe(1);
  bench.provider.observation = { is: 'unreachable', reason: 'No answer.' };
  bench.engine.breakConnections();
  expect((await bench.untilCluster('lost')).reason).toBe('No answer.');
  expect((await bench.run('run-000001')).state).toBe('pending');
  expect((await bench.call('POST', '/v1/runs/run-000001/stop')).body).toMatchObject({ code: 'cluster_unreachable' });
  expect((await submit('run-000002')).body).toMatchObject({ code: 'cluster_not_ready' });
  bench.engine.append('run-000001', { type: 'status', state: 'done', reason: '' });
  bench.provider.observation = null;
  await bench.untilCluster('ready');
  await bench.untilRun('run-000001', 'done');
});

test('stopping a cluster ends its runs first', async () => {
  await bench.up();
  await submit('run-000001');
  await expect.poll(() => bench.engine.submitted.length).toBe(1);
  await stop();
  await bench.untilCluster('stopped');
  expect(await bench.run('run-000001')).toMatchObject({ state: 'stopped' });
});

test('many runs are stopped a few at a time, and all of them', async () => {
  const ids = Array.from({ length: 40 }, (_, index) => `run-0000${index + 10}`);
  await bench.up();
  // The home changes all the time.
  const folder = mkdtempSync(join(bench.scratch, 'project-'));
  await Promise.all(ids.map(id => submit(id, folder)));
  const heard = async () => (await Promise.all(ids.map(id => bench.run(id)))).every(run => run.last_seq === 1);
  await expect.poll(heard, { timeout: 10_000 }).toBe(true);
  const { promise, resolve } = Promise.withResolvers<void>();
  bench.engine.mayStop = promise;
  await stop();
  await expect.poll(() => bench.engine.stopsAsked).toBe(8);
  resolve();
  await bench.untilCluster('stopped');
  for (const id of ids) expect(await bench.run(id)).toMatchObject({ state: 'stopped', reason: 'Stopped by you.' });
});

test('the next agent finds the cluster, and starts what the first one only began', async () => {
  await bench.up();
  await bench.agent.stop();
  await bench.startAgent();
  await bench.untilCluster('ready');
  expect([bench.provider.ups, bench.engineStarts]).toEqual([1, 1]);
});

test('the next agent sees that the head died meanwhile', async () => {
  await bench.up();
  await bench.agent.stop();
  bench.provider.observation = { is: 'gone', reason: 'It died.' };
  await bench.startAgent();
  expect((await bench.untilCluster('failed')).reason).toBe('It died.');
});

test('a stopped cluster can be forgotten, one that is up cannot', async () => {
  await bench.up();
  expect((await bench.call('DELETE', '/v1/clusters/local')).body).toMatchObject({ code: 'conflict' });
  await stop();
  await bench.untilCluster('stopped');
  expect((await bench.call('DELETE', '/v1/clusters/local')).status).toBe(204);
  expect(await bench.cluster()).toBeUndefined();
});

test('an idle cluster stops after its minutes, one with runs does not', async () => {
  const changes = new Changes();
  let active = 1;
  const stopped: string[] = [];
  const record = { ...(await up()).body, state: 'ready' as const, since: Date.now() };
  const spec = { ...record.spec, idle_stop_minutes: 1 };
  const idle = new IdleStop({
    changes,
    minuteMs: 30,
    records: () => [{ ...record, spec }],
    activeRuns: () => active,
    lastEnd: () => Date.now(),
    stop: (_name, reason) => stopped.push(reason)
  });
  changes.tell({ type: 'cluster', cluster: { ...record, spec } });
  await new Promise(resolve => setTimeout(resolve, 80));
  expect(stopped).toEqual([]);
  active = 0;
  changes.tell({ type: 'cluster', cluster: { ...record, spec } });
  await expect.poll(() => stopped).toEqual(['Stopped after 1 min without a run.']);
  idle.dispose();
});

test('whatever happens to a cluster in whatever order, it ends where the last order says', async () => {
  const order = fc.constantFrom('up', 'stop', 'break', 'die', 'agent');
  await fc.assert(
    fc.asyncProperty(fc.array(order, { maxLength: 6 }), async orders => {
      for (const each of orders) {
        if (each === 'up') await up();
        if (each === 'stop') await stop();
        if (each === 'break') bench.engine.breakConnections();
        if (each === 'die' && (await bench.cluster())?.state === 'ready') {
          bench.provider.observation = { is: 'gone', reason: 'It died.' };
          bench.engine.breakConnections();
          await bench.untilCluster('failed');
          bench.provider.observation = null;
        }
        if (each === 'agent') {
          await bench.agent.stop();
          await bench.startAgent();
        }
      }
      if (await bench.cluster()) {
        await stop();
        await expect.poll(async () => (await bench.cluster())?.state, { timeout: 5_000 }).toMatch(/stopped|failed/);
      }
      await bench.up();
    }),
    { numRuns: 12 }
  );
}, 60_000);

test('no state is a dead end, and only a stopping cluster stops', () => {
  for (const state of clusterStates) expect(clusterStates.some(next => canBecome(state, next))).toBe(true);
  expect(clusterStates.filter(state => canBecome(state, 'stopped'))).toEqual(['stopping']);
});
