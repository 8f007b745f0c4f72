import { expect, test } from 'vitest';
import { LogScroll, ROW_HEIGHT } from './log-scroll.js';

const scrollOver = (rows: number): LogScroll => {
  const scroll = new LogScroll();
  scroll.resize(rows, 600);
  return scroll;
};

test('it stays at the end while lines come, until somebody scrolls up, and again when they come back', () => {
  const scroll = scrollOver(1000);
  scroll.resize(2000, 600);
  expect(scroll.top).toBe(2000 * ROW_HEIGHT - 600);
  scroll.scrolled(scroll.scrollTop - 100, 600);
  const { top } = scroll;
  scroll.resize(3000, 600);
  expect(scroll.top).toBe(top);
  scroll.scrolled(3000 * ROW_HEIGHT - 600, 600);
  expect(scroll.isFollowing).toBe(true);
});

test('it stays at the end when its room changes: the browser tells of its own scrolling first', () => {
  const scroll = scrollOver(1000);
  const before = scroll.scrollTop;
  scroll.scrolled(before, 400);
  expect([scroll.isFollowing, scroll.top]).toEqual([true, 1000 * ROW_HEIGHT - 400]);
  scroll.scrolled(scroll.scrollTop - 300, 400);
  scroll.scrolled(scroll.scrollTop - 1, 500);
  expect([scroll.isFollowing, scroll.top]).toEqual([false, 1000 * ROW_HEIGHT - 700]);
});

test('five million lines fit into what browsers draw: both ends are reached, and a wheel moves line by line', () => {
  const scroll = scrollOver(5_000_000);
  expect(scroll.contentHeight).toBeLessThanOrEqual(16_000_000);
  scroll.scrolled(0, 600);
  expect(scroll.firstRow).toBe(0);
  scroll.move(scroll.top + ROW_HEIGHT);
  expect(scroll.firstRow).toBe(1);
  const shown = scroll.scrollTop;
  scroll.scrolled(shown, 600);
  expect(scroll.firstRow).toBe(1);
  scroll.scrolled(scroll.scrollTop + 54, 600);
  expect(scroll.firstRow).toBe(4);
  scroll.scrolled(scroll.contentHeight / 2, 600);
  expect(Math.abs(scroll.firstRow - 2_500_000)).toBeLessThan(300);
  scroll.scrolled(scroll.contentHeight - 600, 600);
  expect(scroll.isFollowing).toBe(true);
  expect(scroll.firstRow + scroll.rowsInView).toBeGreaterThanOrEqual(5_000_000);
});

test('a match is brought to the middle, and one that is seen stays where it is', () => {
  const scroll = scrollOver(5_000_000);
  scroll.reveal(2_500_000);
  expect(scroll.firstRow).toBe(2_500_000 - 17);
  scroll.reveal(2_500_010);
  expect(scroll.firstRow).toBe(2_500_000 - 17);
});
