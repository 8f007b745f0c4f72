import { expect, test } from 'vitest';
import { differencesOf, slowestOf, startOf, type Phase, type Start, type StartRecord } from './start.js';

const record = { kind: 'finetune', state: 'starting', reason: '', started: null, ended: null } as const;
const start = (phases: readonly Phase[], more: Partial<StartRecord> = {}): Start =>
  startOf(phases, { ...record, ...more });

const sync = { name: 'sync', started: 1000, duration_ms: 12 } as const;
const seats = { name: 'seats', started: 1012.5, duration_ms: 6 } as const;
const fork = { name: 'fork', started: 1060, duration_ms: 20 } as const;
const first = { name: 'first_step', started: 1080, duration_ms: 330 } as const;

test('time between two phases is shown and counted', () => {
  const { segments, totalMs, isComplete } = start([sync, seats, fork, first]);
  expect(segments.map(({ name, ms }) => [name, ms])).toEqual([
    ['sync', 12],
    ['seats', 6],
    ['other', 41.5],
    ['fork', 20],
    ['first_step', 330]
  ]);
  expect(totalMs).toBe(409.5);
  expect(isComplete).toBe(true);
});

test('clocks that differ by hours are not a wait', () => {
  const { totalMs } = start([sync, { ...seats, started: sync.started + 3_600_000 }]);
  expect(totalMs).toBe(18);
});

test('what a start does now is the phase after the last one', () => {
  expect(start([], { state: 'pending' }).current).toBeNull();
  expect(
    [start([]), start([sync, seats]), start([sync, seats, fork]), start([first])].map(each => each.current)
  ).toEqual(['sync', 'fork', 'imports', null]);
  expect(start([sync], { state: 'pending', reason: 'waits for 1 CPU' }).current).toBe('seats');
  expect(start([sync, seats], { reason: 'packages are being installed' }).current).toBe('other');
});

test('a run that ends in its start shows how long the phase took that it ended in', () => {
  const { segments, isComplete, current } = start([sync, seats, fork], { state: 'failed', ended: 51_080 });
  expect([segments.at(-1), isComplete, current]).toEqual([{ name: 'imports', ms: 50_000 }, false, null]);
  expect(start([sync, seats], { state: 'failed', ended: 2018.5 }).segments.at(-1)).toEqual({ name: 'other', ms: 1000 });
});

test('the start of a script ends with its first line or number, or with the script', () => {
  const script = { kind: 'script', state: 'running', started: 1080 } as const;
  const line = { name: 'first_line', started: 1080, duration_ms: 17 } as const;
  const ends = [
    start([sync, seats, fork], script),
    start([sync, seats, fork, line], script),
    start([sync, seats, fork, line, { ...first, started: 1097 }], script),
    start([sync, seats, fork], { ...script, state: 'done', ended: 9000 }),
    start([sync, seats], { ...script, state: 'failed', started: null, ended: 2018.5 })
  ];
  expect(ends.map(({ segments, isComplete, current }) => [segments.at(-1), isComplete, current])).toEqual([
    [{ name: 'fork', ms: 20 }, false, 'first_line'],
    [{ name: 'first_line', ms: 17 }, true, null],
    [{ name: 'first_step', ms: 330 }, true, null],
    [{ name: 'fork', ms: 20 }, true, null],
    [{ name: 'other', ms: 1000 }, false, null]
  ]);
});

test('each phase is compared with the same one of the start before, also where only one has it', () => {
  const before = start([sync, { name: 'base', started: 1012, duration_ms: 640 }, { ...first, started: 1652 }]);
  const now = start([
    { ...sync, duration_ms: 10 },
    { ...fork, started: 1010 },
    { ...first, started: 1030 }
  ]);
  expect(differencesOf(now, before)).toEqual([
    { name: 'sync', ms: 10, beforeMs: 12 },
    { name: 'base', ms: null, beforeMs: 640 },
    { name: 'fork', ms: 20, beforeMs: null },
    { name: 'first_step', ms: 330, beforeMs: 330 }
  ]);
  expect([slowestOf(now), slowestOf(before), slowestOf(start([]))]).toEqual(['first_step', 'base', null]);
});
