import { expect, test } from 'vitest';
import { buildTrace } from './build-trace.js';
import { layoutLanes } from './lane-layout.js';
import { summarize } from './operators.js';
import { search } from './search.js';
import { families, sliceAt, type Row } from './trace.js';
import { rankOf } from './trace.fixture.js';

const call = (name: string, family: string, start: number, duration: number) => ({ name, family, start, duration });
const trace = buildTrace([
  rankOf([
    [
      { ...call('step', 'host', 0, 100), children: [call('mm', 'matmul', 0, 60), call('mm', 'matmul', 60, 20)] },
      call('step', 'host', 200, 100)
    ]
  ])
]);

test('the table counts what lies in the range, cut at its ends', () => {
  const { operators, familyUs, sliceCount } = summarize(trace, trace.rows, { startUs: 30, endUs: 70 });
  const byTitle = Object.fromEntries(operators.map(({ name, ...times }) => [trace.names[name]?.title, times]));
  expect(byTitle['mm']).toEqual({ calls: 2, totalUs: 40, selfUs: 40 });
  expect(byTitle['step']).toEqual({ calls: 1, totalUs: 40, selfUs: expect.closeTo(8, 5) as number });
  expect(familyUs[families.indexOf('matmul')]).toBe(40);
  expect(sliceCount).toBe(3);
});

test('a search finds operators by a part of their name, whatever the case, in order of time', () => {
  const matches = search(trace, ' MM');
  expect([...(matches?.ordered ?? [])].map(at => trace.slices.start[at])).toEqual([0, 60]);
  expect(matches?.rows.map(({ from, to }) => to - from)).toEqual([0, 2]);
  expect(search(trace, '  ')).toBeNull();
});

test('the slice at a place is found; between slices there is none', () => {
  const row = trace.rows[0] as Row;
  expect([50, 150, 200, 299.5, 300].map(time => sliceAt(trace.slices, row, time))).toEqual([0, -1, 1, 1, -1]);
});

test('folding a group hides its lanes, folding a lane keeps its outline', () => {
  const two = buildTrace([rankOf([[call('a', 'host', 0, 1)]]), rankOf([[call('a', 'host', 0, 1)]], 1)]);
  const open = layoutLanes(two, new Set());
  expect([open.groups.length, open.lanes.length, open.rows.length]).toEqual([2, 2, 2]);
  const folded = layoutLanes(two, new Set(['group 0 CPU']));
  expect([folded.lanes.length, folded.height < open.height]).toEqual([1, true]);
});
