import { expect, test } from 'vitest';
import { formatMicroseconds, lengthOf, moved, ticksOf, wholeSpan, zoomed } from './time-scale.js';

test('zooming keeps the time under the pointer', () => {
  const span = zoomed({ startUs: 100, endUs: 300 }, 0.5, 150, 1000);
  expect((150 - span.startUs) / lengthOf(span)).toBeCloseTo(0.25);
  expect(lengthOf(span)).toBe(100);
});

test('one cannot get lost: neither past the ends nor out of sight', () => {
  expect(moved({ startUs: 0, endUs: 100 }, 1e9, 1000)).toEqual({ startUs: 920, endUs: 1020 });
  expect(zoomed({ startUs: 0, endUs: 100 }, 1e6, 50, 1000)).toEqual(wholeSpan(1000));
  expect(lengthOf(zoomed({ startUs: 0, endUs: 1 }, 1e-9, 0.5, 1000))).toBeCloseTo(0.2);
});

test('a ruler has round times in one unit, none of them twice', () => {
  const labels = (startUs: number, endUs: number): string[] =>
    ticksOf({ startUs, endUs }, 800, 100).map(tick => tick.label);
  expect(labels(0, 100_000).slice(0, 3)).toEqual(['0\u202fms', '20\u202fms', '40\u202fms']);
  expect(labels(5_000_000, 5_000_004)).toEqual(expect.arrayContaining(['5000001.0\u202fµs', '5000001.5\u202fµs']));
  const many = labels(1234, 1300);
  expect(new Set(many).size).toBe(many.length);
});

test('times have the digits that say something', () => {
  expect([0, 0.12, 3.456, 45.67, 999.7, 1290, 1_290_000, 70_123_456].map(formatMicroseconds)).toEqual([
    '0\u202fµs',
    '0.12\u202fµs',
    '3.46\u202fµs',
    '45.7\u202fµs',
    '1.00\u202fms',
    '1.29\u202fms',
    '1.29\u202fs',
    '70.1\u202fs'
  ]);
});
