import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildTrace } from './build-trace.js';
import { Blocks, layoutRow, RowFrame, type DrawnSlices, type TimeWindow } from './frame.js';
import { lengthOf } from './time-scale.js';
import type { Row, Trace } from './trace.js';
import { largeRank, rankOf } from './trace.fixture.js';

const drawn = (trace: Trace): DrawnSlices => ({ ...trace.slices, blocks: new Blocks(trace.slices.duration) });
const rowOf = (starts: [start: number, duration: number][]): { slices: DrawnSlices; row: Row } => {
  const trace = buildTrace([
    rankOf([starts.map(([start, duration]) => ({ name: 'x', family: 'host', start, duration }))])
  ]);
  return { slices: drawn(trace), row: trace.rows[0] as Row };
};
const layout = (starts: [number, number][], window: TimeWindow): RowFrame => {
  const frame = new RowFrame();
  const { slices, row } = rowOf(starts);
  layoutRow(slices, row, window, frame);
  return frame;
};
const boxes = (frame: RowFrame): number[][] =>
  Array.from({ length: frame.boxCount }, (_, at) => [
    frame.boxSlice[at] ?? -1,
    frame.boxLeft[at] ?? -1,
    frame.boxRight[at] ?? -1
  ]);

test('slices of a pixel and more are boxes, also those that stick out of the window', () => {
  const frame = layout(
    [
      [0, 30],
      [40, 20],
      [90, 30],
      [200, 5]
    ],
    { startUs: 10, endUs: 110, widthPx: 100 }
  );
  expect(boxes(frame)).toEqual([
    [0, -10, 20],
    [1, 30, 50],
    [2, 80, 110]
  ]);
});

test('slices below a pixel are merged: the longest gives its colour, their time its strength', () => {
  const frame = layout(
    [
      [0, 0.1],
      [0.2, 0.4],
      [0.7, 0.1],
      [5, 3]
    ],
    { startUs: 0, endUs: 10, widthPx: 10 }
  );
  expect(frame.pixelSlice[0]).toBe(2);
  expect(frame.pixelShare[0]).toBeCloseTo(0.6, 5);
  expect(boxes(frame)).toEqual([[3, 5, 8]]);
});

test('a long slice that begins in a crowded pixel is still a box', () => {
  const frame = layout(
    [
      [0, 0.1],
      [0.2, 0.1],
      [0.5, 4]
    ],
    { startUs: 0, endUs: 10, widthPx: 10 }
  );
  expect(boxes(frame)).toEqual([[2, 1, 5]]);
  expect(frame.pixelSlice[0]).toBe(1);
});

test('every slice in the window is on screen, and the longest of a pixel is found through the blocks', () => {
  const pair = fc.tuple(fc.double({ min: 0, max: 3, noNaN: true }), fc.double({ min: 0.01, max: 5, noNaN: true }));
  fc.assert(
    fc.property(
      fc.array(pair, { minLength: 1, maxLength: 400 }),
      fc.integer({ min: 1, max: 200 }),
      (pairs, widthPx) => {
        let time = 0;
        const starts = pairs.map(([gap, duration]): [number, number] => {
          time += gap + 0.001;
          const start = time;
          time += duration;
          return [start, duration];
        });
        const { slices, row } = rowOf(starts);
        const window = { startUs: 0, endUs: time, widthPx };
        const frame = new RowFrame();
        layoutRow(slices, row, window, frame);
        const pixelUs = lengthOf(window) / widthPx;
        const boxed = new Set(boxes(frame).map(([slice]) => slice));
        const small = starts.map((_, at) => at).filter(at => !boxed.has(at));
        for (const at of small) {
          const pixel = Math.floor((slices.start[at] ?? 0) / pixelUs);
          if (pixel >= widthPx) continue;
          const shown = (frame.pixelSlice[pixel] ?? 0) - 1;
          expect(slices.duration[shown]).toBeGreaterThanOrEqual(slices.duration[at] ?? 0);
        }
      }
    )
  );
});

test('a dense row keeps its colours while it is moved', () => {
  const trace = buildTrace([largeRank(60_000, 1, 6)]);
  const slices = drawn(trace);
  const row = trace.rows.at(-1) as Row;
  const pixelsAt = (startUs: number): number[] => {
    const frame = new RowFrame();
    layoutRow(slices, row, { startUs, endUs: startUs + 30_000, widthPx: 500 }, frame);
    return [...frame.pixelSlice];
  };
  const before = pixelsAt(600);
  const after = pixelsAt(600 + 60 * 7 + 13);
  expect(after.slice(0, 490)).toEqual(before.slice(7, 497));
});
