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
  scroll.scrolled(scroll.scrollTop - 100);
  const { top } = scroll;
  scroll.resize(3000, 600);
  expect(scroll.top).toBe(top);
  scroll.scrolled(3000 * ROW_HEIGHT - 600);
  expect(scroll.isFollowing).toBe(true);
});

test('five million lines fit into what browsers draw: both ends are reached, and a wheel moves line by line', () => {
  const scroll = scrollOver(5_000_000);
  expect(scroll.contentHeight).toBeLessThanOrEqual(16_000_000);
  scroll.scrolled(0);
  expect(scroll.firstRow).toBe(0);
  scroll.move(scroll.top + ROW_HEIGHT);
  expect(scroll.firstRow).toBe(1);
  const shown = scroll.scrollTop;
  scroll.scrolled(shown);
  expect(scroll.firstRow).toBe(1);
  scroll.scrolled(scroll.contentHeight - 600);
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
