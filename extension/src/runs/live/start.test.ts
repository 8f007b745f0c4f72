import { expect, test } from 'vitest';
import { differencesOf, phaseInProgress, slowestOf, startOf } from './start.js';

const sync = { name: 'sync', started: 1000, duration_ms: 12 } as const;
const seats = { name: 'seats', started: 1012.5, duration_ms: 6 } as const;
const fork = { name: 'fork', started: 1060, duration_ms: 20 } as const;
const first = { name: 'first_step', started: 1080, duration_ms: 330 } as const;

test('time between two phases is shown and counted', () => {
  const start = startOf([sync, seats, fork, first]);
  expect(start.segments.map(({ name, ms }) => [name, ms])).toEqual([
    ['sync', 12],
    ['seats', 6],
    ['other', 41.5],
    ['fork', 20],
    ['first_step', 330]
  ]);
  expect(start.totalMs).toBe(409.5);
  expect(start.isComplete).toBe(true);
});

test('clocks that differ by hours are not a wait', () => {
  const { totalMs } = startOf([sync, { ...seats, started: sync.started + 3_600_000 }]);
  expect(totalMs).toBe(18);
});

test('what a start does now is the phase after the last one', () => {
  expect(phaseInProgress([])).toBe('sync');
  expect(phaseInProgress([sync, seats, fork])).toBe('imports');
  expect(phaseInProgress([first])).toBeNull();
});

test('each phase is compared with the same one of the start before, also where only one has it', () => {
  const before = startOf([sync, { name: 'base', started: 1012, duration_ms: 640 }, { ...first, started: 1652 }]);
  const start = startOf([
    { ...sync, duration_ms: 10 },
    { ...fork, started: 1010 },
    { ...first, started: 1030 }
  ]);
  expect(differencesOf(start, before)).toEqual([
    { name: 'sync', ms: 10, beforeMs: 12 },
    { name: 'base', ms: null, beforeMs: 640 },
    { name: 'fork', ms: 20, beforeMs: null },
    { name: 'first_step', ms: 330, beforeMs: 330 }
  ]);
  expect([slowestOf(start), slowestOf(before), slowestOf(startOf([]))]).toEqual(['first_step', 'base', null]);
});
