import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Run, RunEvent } from '@bottega/schema';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { applyEvent } from '../runs/fold.js';
import { newRun } from '../runs/fold.fixture.js';
import { MIGRATIONS } from './database.js';
import { Ledger } from './ledger.js';

let folder: string;
let ledger: Ledger;
const open = () => new Ledger(join(folder, 'ledger.db'), applyEvent);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-'));
  ledger = open();
});
afterEach(() => {
  ledger.close();
  rmSync(folder, { recursive: true });
});

const runAt = (created: number, more: Partial<Run> = {}): Run => ({
  ...newRun(`run-${created}`.padEnd(10, '0')),
  created,
  ...more
});
const outputs = (first: number, count: number): RunEvent[] =>
  Array.from({ length: count }, (_, index) => ({
    seq: first + index,
    time: index,
    type: 'output',
    rank: 0,
    stream: 'stdout',
    text: `line ${first + index}\n`
  }));

test('the same id with the same request is one run, with another request a conflict', () => {
  const run = newRun();
  ledger.addRun(run, 'request');
  expect(ledger.addRun({ ...run, created: 99 }, 'request')).toEqual(run);
  expect(() => ledger.addRun(run, 'other request')).toThrow('There is a run run-000001 already');
  expect(ledger.runs({ limit: 10 }).runs).toHaveLength(1);
});

test('events and the record they make are there again after a restart', () => {
  ledger.addRun(newRun(), '');
  ledger.appendEvents(['run-000001', outputs(1, 3)]);
  ledger.appendEvents([
    'run-000001',
    [...outputs(2, 2), { seq: 4, time: 7, type: 'status', state: 'running', reason: '' }]
  ]);
  ledger.close();
  ledger = open();
  expect(ledger.events('run-000001', 1, 100).map(event => event.seq)).toEqual([1, 2, 3, 4]);
  expect(ledger.run('run-000001')).toMatchObject({ state: 'running', started: 7, last_seq: 4 });
  expect(ledger.events('run-000001', 3, 1)).toEqual(outputs(1, 3).slice(2));
});

test('a hole is refused and leaves nothing behind', () => {
  ledger.addRun(newRun(), '');
  expect(() => ledger.appendEvents(['run-000001', [...outputs(1, 2), ...outputs(4, 1)]])).toThrow(
    'where 3 was expected'
  );
  expect(ledger.run('run-000001').last_seq).toBe(0);
  expect(ledger.events('run-000001', 1, 10)).toEqual([]);
});

test('pages go from new to old, each run once, also among equal times', () => {
  for (let number = 0; number < 25; number++) {
    ledger.addRun({ ...newRun(`run-${String(number).padStart(6, '0')}`), created: Math.floor(number / 5) }, '');
  }
  const seen: string[] = [];
  let before: string | undefined;
  do {
    const page = ledger.runs({ limit: 4, ...(before === undefined ? {} : { before }) });
    seen.push(...page.runs.map(run => run.id));
    before = page.next ?? undefined;
  } while (before !== undefined);
  expect(seen).toEqual([...seen].sort().reverse());
  expect(new Set(seen).size).toBe(25);
});

test('lists filter by cluster and by a part of the name', () => {
  ledger.addRun(runAt(1, { name: 'Docstrings-LoRA' }), '');
  ledger.addRun(runAt(2, { cluster: 'team' }), '');
  expect(ledger.runs({ limit: 9, text: 'lora' }).runs.map(run => run.created)).toEqual([1]);
  expect(ledger.runs({ limit: 9, cluster: 'team' }).runs.map(run => run.created)).toEqual([2]);
});

test('lists filter by state, by folder and by config file', () => {
  ledger.addRun(runAt(1, { state: 'done', folder: '/a', config_path: 'x.run.yaml' }), '');
  ledger.addRun(runAt(2, { state: 'failed', folder: '/a' }), '');
  ledger.addRun(runAt(3, { state: 'running', folder: '/b' }), '');
  ledger.addRun(runAt(4, { state: 'pending', folder: '/b' }), '');
  const listed = (filter: object) => ledger.runs({ limit: 9, ...filter }).runs.map(run => run.created);
  expect(listed({ state: 'active' })).toEqual([4, 3]);
  expect(listed({ state: 'ended' })).toEqual([2, 1]);
  expect(listed({ state: 'failed' })).toEqual([2]);
  expect(listed({ folder: '/a' })).toEqual([2, 1]);
  expect(listed({ folder: '/a', configPath: 'x.run.yaml' })).toEqual([1]);
});

test('active runs are those that have not ended', () => {
  ledger.addRun(runAt(1), '');
  ledger.addRun(runAt(2, { state: 'done' }), '');
  expect(ledger.activeRuns().map(run => run.created)).toEqual([1]);
  expect(ledger.activeRuns('team')).toEqual([]);
});

test('the last end on a cluster is that of the run that ended last, whichever began first', () => {
  expect(ledger.lastEnd('local')).toBe(0);
  ledger.addRun(runAt(1, { state: 'done', ended: 90 }), '');
  ledger.addRun(runAt(2, { state: 'done', ended: 50 }), '');
  ledger.addRun(runAt(3, { state: 'done', ended: 99, cluster: 'team' }), '');
  ledger.addRun(runAt(4), '');
  expect(ledger.lastEnd('local')).toBe(90);
});

test('what a deleted run left goes in slices, also after a kill, and the file becomes smaller', () => {
  ledger.addRun(newRun(), '');
  ledger.addRun(newRun('run-000002'), '');
  ledger.appendEvents(['run-000001', outputs(1, 5_000)]);
  ledger.appendEvents(['run-000002', outputs(1, 3)]);
  ledger.deleteRun('local', 'run-000001');
  expect(() => ledger.run('run-000001')).toThrow('There is no run');
  expect(ledger.deletions('local')).toEqual(['run-000001']);
  expect(ledger.sweep()).toBe(true);
  ledger.close();
  ledger = open();
  const before = statSync(join(folder, 'ledger.db')).size;
  let slices = 1;
  while (ledger.sweep()) slices += 1;
  expect(slices).toBeGreaterThan(2);
  expect(ledger.events('run-000001', 1, 10)).toEqual([]);
  expect(ledger.events('run-000002', 1, 10)).toEqual(outputs(1, 3));
  ledger.close();
  ledger = open();
  expect(statSync(join(folder, 'ledger.db')).size).toBeLessThan(before / 2);
});

test('a new run under the id of a deleted one has nothing of it', () => {
  ledger.addRun(newRun(), '');
  ledger.appendEvents(['run-000001', outputs(1, 3_000)]);
  ledger.deleteRun('local', 'run-000001');
  ledger.addRun(newRun(), 'another');
  expect(ledger.events('run-000001', 1, 10)).toEqual([]);
  ledger.appendEvents(['run-000001', outputs(1, 1)]);
  while (ledger.sweep());
  expect(ledger.events('run-000001', 1, 10)).toEqual(outputs(1, 1));
});

test('a ledger of an older version is brought forward, and can then give space back', () => {
  ledger.close();
  const path = join(folder, 'old.db');
  const raw = new DatabaseSync(path);
  for (const step of MIGRATIONS.slice(0, 3)) raw.exec(step);
  const run = newRun();
  raw
    .prepare('INSERT INTO runs (id, created, cluster, state, name, request, record) VALUES (?, ?, ?, ?, ?, ?, ?)')
    .run(run.id, 1, 'local', 'done', 'a run', '', JSON.stringify({ ...run, ended: 7 }));
  raw.exec('PRAGMA user_version = 3');
  raw.close();
  ledger = new Ledger(path, applyEvent);
  expect(ledger.lastEnd('local')).toBe(7);
  ledger.close();
  const again = new DatabaseSync(path);
  expect(again.prepare('PRAGMA auto_vacuum').get()).toEqual({ auto_vacuum: 2 });
  again.close();
  ledger = open();
});

test('the file is for its owner alone', () => {
  expect(statSync(join(folder, 'ledger.db')).mode & 0o777).toBe(0o600);
});

test('a ledger of a newer version is left alone', () => {
  ledger.close();
  const raw = new DatabaseSync(join(folder, 'ledger.db'));
  raw.exec('PRAGMA user_version = 99');
  raw.close();
  expect(open).toThrow('written by a newer Bottega');
  const again = new DatabaseSync(join(folder, 'ledger.db'));
  again.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
  again.close();
  ledger = open();
});
