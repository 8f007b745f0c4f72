import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { RunEvent } from '@bottega/schema';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { applyEvent } from '../runs/fold.js';
import { newRun } from '../runs/fold.fixture.js';
import { Ledger } from './ledger.js';

const ID = 'run-000001';
let folder: string;
let ledger: Ledger;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rare-'));
  ledger = new Ledger(join(folder, 'ledger.db'), applyEvent);
  ledger.addRun(newRun(ID), '');
});
afterEach(() => {
  ledger.close();
  rmSync(folder, { recursive: true });
});

/** A status, then a checkpoint after every nine lines; the lines speak of checkpoints too. */
const events: RunEvent[] = Array.from({ length: 50 }, (_, index): RunEvent => {
  const [seq, time] = [index + 1, index];
  if (seq === 1) return { seq, time, type: 'status', state: 'running', reason: '' };
  if (seq % 10) return { seq, time, type: 'output', rank: 0, stream: 'stdout', text: '{"type":"checkpoint"}\n' };
  return { seq, time, type: 'checkpoint', step: seq, path: `checkpoint-${seq}`, size_bytes: 1, final: false };
});
const inFile = (sql: string): void => {
  const database = new DatabaseSync(join(folder, 'ledger.db'));
  database.exec(sql);
  database.close();
};
const steps = (): number[] => ledger.eventsOfType(ID, 'checkpoint').map(({ step }) => step);

test('the events of a type are found without a look at the output', () => {
  ledger.appendEvents([ID, events.slice(0, 25)]);
  ledger.appendEvents([ID, events.slice(20)]);
  expect(steps()).toEqual([10, 20, 30, 40, 50]);
  // Whoever reads this fails.
  inFile(`UPDATE events SET body = 'no JSON "type":"checkpoint"' WHERE body LIKE '%"output"%'`);
  expect(steps()).toEqual([10, 20, 30, 40, 50]);
  expect(ledger.eventsOfType(ID, 'change')).toEqual([]);
});

test('in a log that an older Bottega has begun all are found too, the older and the newer ones', () => {
  ledger.appendEvents([ID, events.slice(0, 30)]);
  inFile('DELETE FROM rare_events');
  ledger.appendEvents([ID, events.slice(30)]);
  expect(steps()).toEqual([10, 20, 30, 40, 50]);
  expect(ledger.eventsOfType(ID, 'status')).toEqual([events[0]]);
});

test('a deleted run leaves nothing behind, and another one may take its id', () => {
  ledger.appendEvents([ID, events]);
  ledger.deleteRun('local', ID);
  while (ledger.sweep());
  ledger.addRun(newRun(ID), '');
  expect(steps()).toEqual([]);
  ledger.appendEvents([ID, events]);
  expect(steps()).toEqual([10, 20, 30, 40, 50]);
});
