import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { applyEvent } from '../runs/fold.js';
import { newRun } from '../runs/fold.fixture.js';
import { Ledger } from './ledger.js';

const RUNS = 60;
const EVENTS = 800;
const built = new URL('../../lib/ledger/index.js', import.meta.url).href;

/** Deletes one run after the other and sweeps in between, as an agent does in a clean-up; says when each is deleted. */
const program = (path: string): string => `
  const { Ledger } = await import(${JSON.stringify(built)});
  const ledger = new Ledger(${JSON.stringify(path)}, run => run);
  for (const { id, cluster } of ledger.summaries()) {
    ledger.deleteRun(cluster, id);
    console.log(id);
    for (let slice = 0; slice < 2; slice += 1) ledger.sweep();
  }`;

const cleanUpAndKill = async (path: string, after: number): Promise<void> => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program(path)], {
    stdio: ['ignore', 'pipe', 'inherit']
  });
  let deleted = 0;
  child.stdout.on('data', (data: Buffer) => {
    deleted += data.toString().split('\n').length - 1;
    if (deleted >= after) child.kill('SIGKILL');
  });
  await once(child, 'close');
};

test('a clean-up that is killed anywhere leaves every run whole or deleted, and the rest is swept later', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'killed-'));
  const path = join(folder, 'ledger.db');
  const fill = new Ledger(path, applyEvent);
  for (let number = 0; number < RUNS; number += 1) {
    const run = fill.addRun({ ...newRun(`run-${String(number).padStart(6, '0')}`), created: number }, '');
    const events = Array.from({ length: EVENTS }, (_, index) => ({
      ...{ seq: index + 1, time: 0, type: 'output' as const, rank: 0, stream: 'stdout' as const, text: 'x'.repeat(100) }
    }));
    fill.appendEvents([run.id, events]);
  }
  fill.close();
  for (const after of [1, 5, 9, 14]) {
    await cleanUpAndKill(path, after);
    const ledger = new Ledger(path, applyEvent);
    const left = ledger.summaries().map(run => run.id);
    expect([...left, ...ledger.deletions('local')].sort()).toHaveLength(RUNS);
    for (const id of left) expect(ledger.events(id, 1, EVENTS)).toHaveLength(EVENTS);
    ledger.close();
  }
  const ledger = new Ledger(path, applyEvent);
  while (ledger.sweep());
  const left = ledger.countRuns();
  ledger.close();
  const raw = new DatabaseSync(path);
  expect(raw.prepare('SELECT count(*) AS events FROM events').get()).toEqual({ events: left * EVENTS });
  expect(raw.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  expect(raw.prepare('PRAGMA freelist_count').get()).toEqual({ freelist_count: 0 });
  raw.close();
  expect(left).toBeLessThan(RUNS);
  rmSync(folder, { recursive: true });
});
