import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunEvent } from '@bottega/schema';
import fc from 'fast-check';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Ledger } from '../ledger/index.js';
import { applyEvent } from '../runs/fold.js';
import { newRun } from '../runs/fold.fixture.js';
import { RunMirror } from './run-mirror.js';

const eventAt = (seq: number): RunEvent => ({
  seq,
  time: seq,
  type: 'output',
  rank: 0,
  stream: 'stdout',
  text: `${seq}\n`
});

/** Opens a ledger with one run, and a mirror that asks the given engine. */
const withMirror = async (
  work: (mirror: RunMirror, ledger: Ledger, asked: number[]) => Promise<void> | void
): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'mirror-'));
  const ledger = new Ledger(join(folder, 'ledger.db'), applyEvent);
  const asked: number[] = [];
  const mirror = new RunMirror(
    { ledger, log: pino({ level: 'silent' }), onRun: () => undefined },
    { follow: (_run, from) => asked.push(from), unfollow: () => undefined }
  );
  ledger.addRun(newRun(), '');
  mirror.follow(ledger.run('run-000001'));
  try {
    await work(mirror, ledger, asked);
  } finally {
    ledger.close();
    rmSync(folder, { recursive: true });
  }
};
const seqs = (ledger: Ledger): number[] => ledger.events('run-000001', 1, 1_000).map(event => event.seq);

test('whatever comes twice, late or with holes, the ledger has every event once and in order', async () => {
  const chunk = fc.record({ first: fc.integer({ min: 1, max: 30 }), count: fc.integer({ min: 1, max: 10 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(chunk, { maxLength: 20 }), chunks =>
      withMirror((mirror, ledger, asked) => {
        for (const { first, count } of chunks) {
          mirror.receive(
            'run-000001',
            Array.from({ length: count }, (_, index) => eventAt(first + index))
          );
          if (first % 3 === 0) mirror.flush();
        }
        mirror.flush();
        const written = seqs(ledger);
        expect(written).toEqual(written.map((_, index) => index + 1));
        // What is asked for last is what comes next, so an engine that answers fills the rest.
        for (let from = Number(asked.at(-1)); from <= 40; from += 7) {
          mirror.receive(
            'run-000001',
            Array.from({ length: 7 }, (_, index) => eventAt(from + index))
          );
        }
        mirror.flush();
        expect(seqs(ledger).length).toBeGreaterThanOrEqual(40);
      })
    ),
    { numRuns: 60 }
  );
});

test('a hole is asked for again from the first missing number', () =>
  withMirror((mirror, ledger, asked) => {
    mirror.receive('run-000001', [eventAt(1), eventAt(2)]);
    mirror.flush();
    mirror.receive('run-000001', [eventAt(5)]);
    expect(asked).toEqual([1, 3]);
    expect(seqs(ledger)).toEqual([1, 2]);
  }));

test('an ended run is followed no more', () =>
  withMirror((mirror, ledger) => {
    mirror.receive('run-000001', [{ seq: 1, time: 1, type: 'status', state: 'done', reason: '' }]);
    mirror.flush();
    mirror.receive('run-000001', [eventAt(2)]);
    mirror.flush();
    expect(ledger.run('run-000001')).toMatchObject({ state: 'done', last_seq: 1 });
  }));

test('a gap stands for the numbers it names', () =>
  withMirror((mirror, ledger) => {
    mirror.receive('run-000001', [{ seq: 1, time: 1, type: 'gap', first: 1, last: 9, reason: 'gone' }, eventAt(10)]);
    mirror.flush();
    expect(seqs(ledger)).toEqual([1, 10]);
  }));

test('a run that cannot be written keeps no other from being written', () =>
  withMirror((mirror, ledger) => {
    ledger.addRun(newRun('run-000002'), '');
    mirror.follow(ledger.run('run-000002'));
    ledger.deleteRun('local', 'run-000001');
    for (const id of ['run-000001', 'run-000002']) mirror.receive(id, [eventAt(1), eventAt(2)]);
    mirror.flush();
    expect(ledger.findRun('run-000001')).toBeNull();
    expect(ledger.run('run-000002').last_seq).toBe(2);
  }));
