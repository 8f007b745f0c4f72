import { expect, test } from 'vitest';
import { aligned } from './chart-data.js';

test('lines with different steps share one axis; a NaN is a hole and a missing step is none', () => {
  const one = { steps: Float64Array.of(1, 2, 3), values: Float64Array.of(5, NaN, 7) };
  const other = { steps: Float64Array.of(2, 4), values: Float64Array.of(1, 2) };
  expect(aligned([one, null, other])).toEqual([
    [1, 2, 3, 4],
    [5, null, 7, undefined],
    [undefined, undefined, undefined, undefined],
    [undefined, 1, undefined, 2]
  ]);
});
