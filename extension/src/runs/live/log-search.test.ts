import { BottegaError } from '@bottega/client';
import type { LogLine } from '@bottega/schema';
import { expect, test } from 'vitest';
import { everything, LogSearch, type AskSearch } from './log-search.js';

const lineOf = (number: number, text: string): LogLine => ({
  number,
  time: number,
  rank: number % 2,
  stream: 'stdout',
  text
});

/** An agent that answers at most `size` matches at a time. */
const agentOver =
  (lines: LogLine[], size = 3): AskSearch =>
  async ({ text = '', rank, from = 1 }) => {
    const pattern = new RegExp(text);
    const isAsked = (line: LogLine): boolean => rank === undefined || line.rank === rank;
    const found = lines.filter(line => line.number >= from && isAsked(line) && pattern.test(line.text));
    const page = found.slice(0, size);
    const next = found.length > size ? (page.at(-1)?.number ?? 0) + 1 : null;
    return { lines: page, next, total: lines.length };
  };

const numbered = (count: number): LogLine[] =>
  Array.from({ length: count }, (_, at) => lineOf(at + 1, `step ${at + 1}`));

test('matches come page by page and are counted', async () => {
  const search = new LogSearch(agentOver(numbered(50)), { ...everything, text: 'step .*7' });
  const counts: number[] = [];
  search.changed.connect(() => void counts.push(search.numbers.length));
  search.start();
  await expect.poll(() => search.isComplete).toBe(true);
  expect(search.numbers).toEqual([7, 17, 27, 37, 47]);
  expect(counts).toEqual([3, 5, 5]);
});

test('lines that are written later are added, and a last line that grew is looked at again', async () => {
  const lines = [lineOf(1, 'an error'), lineOf(2, 'an')];
  const search = new LogSearch(agentOver(lines), { ...everything, text: 'error' });
  search.start();
  await expect.poll(() => search.isComplete).toBe(true);
  lines[1] = lineOf(2, 'an error');
  lines.push(lineOf(3, 'fine'), lineOf(4, 'error'));
  search.grew(4);
  await expect.poll(() => search.numbers).toEqual([1, 2, 4]);
});

test('a text that nearly every line has is looked for until there are enough, and a rank to the end', async () => {
  const search = new LogSearch(agentOver(numbered(50)), { ...everything, text: 'step' }, 6);
  expect(search.progress).toBe(0);
  search.start();
  await expect.poll(() => search.isComplete).toBe(true);
  expect([search.isCut, search.numbers]).toEqual([true, [1, 2, 3, 4, 5, 6]]);
  const rank = new LogSearch(agentOver(numbered(50)), { ...everything, rank: 1 }, 6);
  rank.start();
  await expect.poll(() => rank.isComplete).toBe(true);
  expect([rank.isCut, rank.numbers.length]).toEqual([false, 25]);
});

test('a rank alone is a filter over all lines', async () => {
  const search = new LogSearch(agentOver(numbered(7)), { ...everything, rank: 1 });
  search.start();
  await expect.poll(() => search.isComplete).toBe(true);
  expect(search.numbers).toEqual([1, 3, 5, 7]);
});

test('what is wrong with an expression is said; who types on hears nothing of the search before', async () => {
  const wrong = new BottegaError({ code: 'invalid_request', message: 'This is not a regular expression.' });
  const search = new LogSearch(() => Promise.reject(wrong), { ...everything, text: '(' });
  search.start();
  await expect.poll(() => search.error?.message).toBe('This is not a regular expression.');

  let answer = (): void => undefined;
  const slow = new LogSearch(
    () => new Promise(resolve => (answer = () => resolve({ lines: [lineOf(1, 'a')], next: null, total: 1 }))),
    { ...everything, text: 'a' }
  );
  let heard = 0;
  slow.changed.connect(() => (heard += 1));
  slow.start();
  slow.dispose();
  answer();
  await Promise.resolve();
  expect([heard, slow.numbers.length]).toEqual([0, 0]);
});

test('next and previous go around the ends', () => {
  const search = new LogSearch(agentOver([]), everything);
  search.numbers.push(10, 20, 30);
  expect([search.from(11, 1), search.from(31, 1), search.from(19, -1), search.from(9, -1)]).toEqual([20, 10, 10, 30]);
});
