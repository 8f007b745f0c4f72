import { expect, test } from 'vitest';
import { styledText } from '../../state/terminal-text.js';
import { everything } from '../live/index.js';
import { cutAtMarks, markOf } from './log-marks.js';

const marked = (line: string, query: Partial<typeof everything>): string =>
  cutAtMarks(styledText(line), markOf({ ...everything, ...query }))
    .map(({ text, isMarked }) => (isMarked ? `[${text}]` : text))
    .join('|');

test('matches are marked across colours, as text or as an expression', () => {
  expect(marked('a \x1b[31mLo\x1b[0mss of loss', { text: 'loss' })).toBe('a |[Lo]|[ss]| of |[loss]');
  expect(marked('Loss loss', { text: 'loss', isCase: true })).toBe('Loss |[loss]');
  expect(marked('step 41 step', { text: 'p \\d+', isRegex: true })).toBe('ste|[p 41]| step');
  expect(marked('1.5 (x) a-b', { text: '(x) a-b' })).toBe('1.5 |[(x) a-b]');
});

test('what is no expression, and a match of nothing, mark nothing', () => {
  expect(marked('abc', { text: '(', isRegex: true })).toBe('abc');
  expect(marked('abc', { text: 'x*', isRegex: true })).toBe('abc');
});
