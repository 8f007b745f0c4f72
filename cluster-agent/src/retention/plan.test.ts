import type { CleanupRequest } from '@bottega/schema';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RunSummary } from '../ledger/index.js';
import { newRun } from '../runs/fold.fixture.js';
import { begunFrom } from './begun-from.js';
import { planRuns, type Circumstances } from './plan.js';

const DAY_MS = 86_400_000;
const NOW = 1_000 * DAY_MS;
const nobody: Circumstances = { now: NOW, away: new Set(), begunFrom: new Map() };

const ended = (id: string, daysAgo: number, more: Partial<RunSummary> = {}): RunSummary => ({
  ...{ id, name: `name of ${id}`, cluster: 'local', created: NOW - daysAgo * DAY_MS, ended: NOW - daysAgo * DAY_MS },
  ...{ isKept: false, origin: null, ...more }
});
const rules = { older_than_days: 30, newest: 0 };
const ids = (runs: { id: string }[]): string[] => runs.map(run => run.id);

test('old runs go; kept ones, the newest and those of a cluster that is away stay and say why', () => {
  const runs = [
    ended('new', 29),
    ended('first', 31),
    ended('kept', 32, { isKept: true }),
    ended('away', 33, { cluster: 'team' }),
    ended('old', 34)
  ];
  const plan = planRuns(runs, { ...rules, newest: 2 }, { ...nobody, away: new Set(['team']) });
  expect(ids(plan.goes)).toEqual(['old']);
  expect(plan.stays.map(({ id, reason }) => [id, reason])).toEqual([
    ['first', 'It is one of the newest 2 runs.'],
    ['kept', 'You keep it.'],
    ['away', 'The cluster team is away.']
  ]);
});

test('whatever a run that stays came from stays, back to the first', () => {
  const runs = [
    ended('young', 1, { origin: 'middle' }),
    ended('middle', 40, { origin: 'first' }),
    ended('first', 50),
    ended('other', 60, { origin: 'first' })
  ];
  const plan = planRuns(runs, rules, nobody);
  expect(ids(plan.goes)).toEqual(['other']);
  expect(ids(plan.stays)).toEqual(['middle', 'first']);
  expect(plan.stays[1]?.reason).toBe('The run name of middle branched from it.');
});

test('what an active run begins from stays', () => {
  const needed = begunFrom([{ ...newRun(), name: 'C', branch_of: { run: 'run-origin', step: null } }, newRun()]);
  const runs = [ended('run-origin', 50), ended('run-nobody', 50)];
  const plan = planRuns(runs, rules, { ...nobody, begunFrom: needed });
  expect(ids(plan.goes)).toEqual(['run-nobody']);
  expect(plan.stays[0]?.reason).toBe('The run C goes on and began from it.');
});

const summaries = fc
  .array(
    fc.record({
      daysAgo: fc.integer({ min: 0, max: 60 }),
      isKept: fc.boolean(),
      isActive: fc.boolean(),
      cluster: fc.constantFrom('local', 'team'),
      origin: fc.option(fc.nat(30))
    }),
    { maxLength: 30 }
  )
  .map(list =>
    list
      .sort((a, b) => a.daysAgo - b.daysAgo)
      .map(({ daysAgo, isKept, isActive, cluster, origin }, index) =>
        ended(`run-${index}`, daysAgo, {
          ...{ isKept, cluster, origin: origin === null ? null : `run-${origin}` },
          ...(isActive ? { ended: null } : {})
        })
      )
  );

test('nothing goes that anything needs, whatever the runs and the rules; and what is left needs no second clean-up', () => {
  fc.assert(
    fc.property(
      summaries,
      fc.record({ older_than_days: fc.nat(60), newest: fc.nat(10) }),
      fc.boolean(),
      fc.option(fc.nat(30)),
      (runs, request: Pick<CleanupRequest, 'older_than_days' | 'newest'>, isAway, begun) => {
        const circumstances = {
          now: NOW,
          away: new Set(isAway ? ['team'] : []),
          begunFrom: new Map(begun === null ? [] : [[`run-${begun}`, 'active']])
        };
        const { goes, stays } = planRuns(runs, request, circumstances);
        const going = new Set(ids(goes));
        const left = runs.filter(run => !going.has(run.id));
        for (const run of goes) {
          expect(run.ended).toBeLessThanOrEqual(NOW - request.older_than_days * DAY_MS);
          expect(run.isKept).toBe(false);
          expect(runs.indexOf(run)).toBeGreaterThanOrEqual(request.newest);
          expect(circumstances.away.has(run.cluster)).toBe(false);
          expect(circumstances.begunFrom.has(run.id)).toBe(false);
        }
        for (const run of left) expect(going.has(run.origin ?? '')).toBe(false);
        // Every old one is told of, once.
        const old = runs.filter(run => run.ended !== null && run.ended <= NOW - request.older_than_days * DAY_MS);
        expect([...ids(goes), ...ids(stays)].sort()).toEqual(ids(old).sort());
        if (request.newest === 0) expect(planRuns(left, request, circumstances).goes).toEqual([]);
      }
    ),
    { numRuns: 500 }
  );
});
