import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CachedThing, CleanupAnswer, Run, RunPage, Storage } from '@bottega/schema';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SPEC, Workbench } from '../agent.fixture.js';
import { Ledger } from '../ledger/index.js';
import { applyEvent } from '../runs/fold.js';
import { newRun } from '../runs/fold.fixture.js';

const DAY_MS = 86_400_000;
let bench: Workbench;
let ledger: Ledger;
beforeEach(async () => {
  bench = await Workbench.open();
  // Beside the agent, to write what happened long ago.
  ledger = new Ledger(join(bench.scratch, 'home/ledger.db'), applyEvent);
});
afterEach(async () => {
  ledger.close();
  await bench.close();
});

/** A run that ended so many days ago, here and on the engine. */
const addEnded = (id: string, daysAgo: number, more: Partial<Run> = {}): void => {
  const time = Date.now() - daysAgo * DAY_MS;
  ledger.addRun({ ...newRun(id), created: time, state: 'done', ended: time, ...more }, id);
  bench.engine.append(id, { type: 'status', state: 'done', reason: '' });
};
const cache = (id: string, daysAgo: number, more: Partial<CachedThing> = {}): CachedThing => ({
  ...{ kind: 'tokens', id, label: id, size_bytes: 500, last_used: Date.now() - daysAgo * DAY_MS, is_needed: false },
  ...more
});
const cleanUp = async (request: object): Promise<CleanupAnswer> => {
  const { status, body } = await bench.call<CleanupAnswer>('POST', '/v1/cleanup', { newest: 0, ...request });
  expect(status).toBe(200);
  return body;
};
const listed = async (): Promise<string[]> =>
  (await bench.call<RunPage>('GET', '/v1/runs?limit=500')).body.runs.map(run => run.id).sort();
const there = (): string[] => [...bench.engine.runs.keys()].sort();

test('storage says what lies here and there, and of a cluster that is away only that', async () => {
  await bench.up();
  addEnded('run-000001', 1);
  bench.engine.caches = [cache('tokens-1', 3)];
  const { body } = await bench.call<Storage>('GET', '/v1/storage');
  expect(body.home).toMatchObject({ runs: 1 });
  expect(body.home.ledger_bytes).toBeGreaterThan(0);
  expect(body.home.disk_free_bytes).toBeLessThanOrEqual(body.home.disk_total_bytes);
  expect(body.clusters).toMatchObject([
    { name: 'local', things: [{ kind: 'run', id: 'run-000001' }, { kind: 'tokens' }], disk_free_bytes: 7 }
  ]);
  await bench.call('POST', '/v1/clusters/local/stop');
  await bench.untilCluster('stopped');
  const after = await bench.call<Storage>('GET', '/v1/storage');
  expect(after.body.clusters).toEqual([{ name: 'local', things: null, disk_free_bytes: null }]);
});

test('a clean-up takes exactly what its dry run said, here and there, and a second one nothing', async () => {
  await bench.up();
  let number = 0;
  const runs = fc.array(
    fc.record({ daysAgo: fc.integer({ min: 1, max: 60 }), is_kept: fc.boolean(), origin: fc.option(fc.nat(12)) }),
    { maxLength: 12 }
  );
  const caches = fc.array(fc.record({ daysAgo: fc.integer({ min: 1, max: 60 }), is_needed: fc.boolean() }), {
    maxLength: 4
  });
  const rules = fc.record({
    older_than_days: fc.integer({ min: 0, max: 60 }),
    unused_days: fc.integer({ min: 0, max: 60 })
  });
  await fc.assert(
    fc.asyncProperty(runs, caches, rules, async (runs, caches, rules) => {
      number += 1;
      const id = (index: number): string => `run-${number}-${String(index).padStart(4, '0')}`;
      runs.forEach(({ daysAgo, is_kept, origin }, index) => {
        const branch = origin === null ? {} : { branch_of: { run: id(origin), step: 1 } };
        addEnded(id(index), daysAgo + 0.5, { is_kept, ...branch });
      });
      bench.engine.caches = caches.map(({ daysAgo, is_needed }, index) =>
        cache(`tokens-${index}`, daysAgo + 0.5, { is_needed })
      );
      const before = await listed();
      const dry = await cleanUp({ ...rules, dry_run: true });
      expect(await listed()).toEqual(before);
      expect(bench.engine.caches).toHaveLength(caches.length);
      const real = await cleanUp({ ...rules, dry_run: false });
      expect({ ...real, dry_run: true }).toEqual(dry);
      const gone = new Set(real.runs.map(run => run.id));
      const left = before.filter(each => !gone.has(each));
      expect(await listed()).toEqual(left);
      expect(there()).toEqual(left);
      expect(real.freed_bytes).toBe(real.runs.length * 1_000 + real.things.length * 500);
      const again = await cleanUp({ ...rules, dry_run: false });
      expect([again.runs, again.things, again.freed_bytes]).toEqual([[], [], 0]);
      for (const each of left) {
        ledger.deleteRun('local', each);
        ledger.removeDeletion('local', each);
        bench.engine.runs.delete(each);
      }
    }),
    { numRuns: 40 }
  );
});

test('an agent that ends half-way leaves nothing that the next one does not finish', async () => {
  await bench.up();
  for (let index = 0; index < 20; index += 1) addEnded(`run-${String(index).padStart(6, '0')}`, 40);
  // The runs are gone from the ledger and the engine has heard of none: as after a kill at the worst moment.
  for (let index = 0; index < 20; index += 1) ledger.deleteRun('local', `run-${String(index).padStart(6, '0')}`);
  expect(there()).toHaveLength(20);
  await bench.agent.stop();
  await bench.startAgent();
  await expect.poll(there).toEqual([]);
  await expect.poll(() => ledger.deletions('local')).toEqual([]);
});

test('the runs of a cluster that is away stay until it is back', async () => {
  await bench.up();
  addEnded('run-000001', 40);
  await bench.call('POST', '/v1/clusters/local/stop');
  await bench.untilCluster('stopped');
  const answer = await cleanUp({ dry_run: false });
  expect(answer).toMatchObject({ runs: [], unreachable: ['local'], freed_bytes: 0 });
  expect(answer.stays).toEqual([{ id: 'run-000001', name: 'test', reason: 'The cluster local is away.' }]);
  await bench.call('POST', '/v1/clusters', { spec: SPEC });
  await bench.untilCluster('ready');
  expect((await cleanUp({ dry_run: false })).runs).toMatchObject([{ id: 'run-000001', size_bytes: 1_000 }]);
});

const base = 'kind: finetune\nmodel: m\ndata: {train: x}\n';
const origins: [string, string, Record<string, string>][] = [
  ['in quotes', `${base}"resume_from_checkpoint": 'run-origin1' # not run-origin2\n`, {}],
  ['over two lines', `${base}resume_from_checkpoint:\n  run-origin1/checkpoint-2\n`, {}],
  ['by an anchor', `${base}name: &from run-origin1\nresume_from_checkpoint: *from\n`, {}],
  [
    'as JSON',
    JSON.stringify({ kind: 'finetune', model: 'm', data: { train: 'x' }, resume_from_checkpoint: 'run-origin1' }),
    {}
  ],
  ['by its path', `${base}resume_from_checkpoint: "/data/engine runs/run-origin1/output/checkpoint-3"\n`, {}],
  [
    'in a file that a file extends',
    'extends: deep/one.run.yaml\n# resume_from_checkpoint: run-origin2\n',
    { 'deep/one.run.yaml': 'extends: two.yaml\n', 'deep/two.yaml': `${base}resume_from_checkpoint: run-origin1\n` }
  ]
];

test.each(origins)('what an active run begins from stays, named %s', async (_, config, files) => {
  await bench.up();
  const folder = await projectOf(files);
  for (const id of ['run-origin1', 'run-origin2']) {
    addEnded(id, 40);
    ledger.appendEvents([
      id,
      [{ type: 'checkpoint', seq: 1, time: 1, step: 2, path: 'p', size_bytes: 1, final: false }]
    ]);
  }
  const submitted = await bench.call<Run>('POST', '/v1/runs', { id: 'run-active1', config, folder, cluster: 'local' });
  expect(submitted.body.branch_of?.run).toBe('run-origin1');
  const { runs, stays } = await cleanUp({ dry_run: false });
  expect([runs, stays]).toMatchObject([[{ id: 'run-origin2' }], [{ id: 'run-origin1' }]]);
  expect((await bench.call('DELETE', '/v1/runs/run-origin1')).body).toMatchObject({ code: 'conflict' });
});

test('a run that waited for its cluster holds what its files name when it begins', async () => {
  let comesUp = (): void => undefined;
  bench.provider.comingUp = new Promise(resolve => (comesUp = resolve));
  await bench.call('POST', '/v1/clusters', { spec: SPEC });
  const folder = await projectOf({ 'base.yaml': base });
  addEnded('run-origin1', 40);
  ledger.appendEvents([
    'run-origin1',
    [{ type: 'checkpoint', seq: 1, time: 1, step: 2, path: 'p', size_bytes: 1, final: false }]
  ]);
  const config = 'extends: base.yaml\n';
  const submitted = await bench.call<Run>('POST', '/v1/runs', { id: 'run-active1', config, folder, cluster: 'local' });
  expect(submitted.body.branch_of).toBeNull();
  await writeFile(join(folder, 'base.yaml'), `${base}resume_from_checkpoint: run-origin1/checkpoint-2\n`);
  comesUp();
  await expect.poll(async () => (await bench.run('run-active1')).branch_of).toEqual({ run: 'run-origin1', step: 2 });
  expect((await cleanUp({ dry_run: false })).stays).toMatchObject([{ id: 'run-origin1' }]);
});

const projectOf = async (files: Record<string, string>): Promise<string> => {
  const folder = join(bench.scratch, 'project');
  for (const [name, text] of Object.entries({ 'main.py': '', ...files })) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
};
