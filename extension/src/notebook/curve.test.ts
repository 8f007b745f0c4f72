import { expect, test } from 'vitest';
import { pathOf } from './curve.js';

test('a curve fills its box and has a hole where a number is missing', () => {
  const values = Float64Array.of(4, 2, NaN, 2, 0);
  expect(pathOf({ steps: Float64Array.of(0, 1, 2, 3, 4), values }, 84, 24)).toBe(
    'M2.0 2.0L22.0 12.0M62.0 12.0L82.0 22.0'
  );
});

test('one point is no curve', () => {
  expect(pathOf({ steps: Float64Array.of(1), values: Float64Array.of(1) }, 80, 20)).toBe('');
});
