import fc from 'fast-check';
import { expect, test } from 'vitest';
import { downsample, Series, smoothed } from './series.js';

const seriesOf = (count: number, value: (step: number) => number): Series => {
  const series = new Series();
  for (let step = 0; step < count; step += 1) series.add(step, value(step));
  return series;
};

test('a spike of one step is still there among a hundred thousand', () => {
  const { steps, values } = seriesOf(100_000, step => (step === 77_777 ? 9 : Math.sin(step / 50)));
  const points = downsample(steps, values, 300);
  expect(points.steps.length).toBeLessThanOrEqual(602);
  expect(Math.max(...points.values)).toBe(9);
  expect([points.steps[0], points.steps.at(-1)]).toEqual([0, 99_999]);
});

test('downsampling keeps order, ends and extremes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), fc.constant(NaN)), {
        minLength: 1,
        maxLength: 500
      }),
      fc.integer({ min: 1, max: 40 }),
      (raw, buckets) => {
        const values = Float64Array.from(raw);
        const points = downsample(
          Float64Array.from(raw, (_, at) => at),
          values,
          buckets
        );
        const finite = (array: Float64Array): number[] => [...array].filter(value => !Number.isNaN(value));
        expect(points.steps.every((step, at) => at === 0 || step > (points.steps[at - 1] ?? 0))).toBe(true);
        expect(points.steps.at(-1)).toBe(raw.length - 1);
        expect(Math.max(...finite(points.values))).toBe(Math.max(...finite(values)));
        expect(Math.min(...finite(points.values))).toBe(Math.min(...finite(values)));
      }
    )
  );
});

test('a step that is reported twice has its last value; one from before goes to its place', () => {
  const series = new Series();
  for (const [step, value] of [
    [1, 1],
    [2, 2],
    [2, 3],
    [5, 5],
    [3, null]
  ] as const) {
    series.add(step, value);
  }
  expect([...series.steps]).toEqual([1, 2, 3, 5]);
  expect([...series.values]).toEqual([1, 3, NaN, 5]);
});

test('a series does not grow without bound and keeps its extremes', () => {
  const series = seriesOf(300_000, step => (step === 12_345 ? -1 : 1));
  expect(series.length).toBeLessThan(1 << 17);
  expect(Math.min(...series.values)).toBe(-1);
  expect(series.steps.at(-1)).toBe(299_999);
});

test('an average begins at the first value and passes over what is no number', () => {
  const average = smoothed(Float64Array.from([2, 4, NaN, 4]), 0.5);
  expect([...average].map(value => Number(value.toFixed(3)))).toEqual([2, 3.333, NaN, 3.714]);
});
