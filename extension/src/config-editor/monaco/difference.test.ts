import fc from 'fast-check';
import { expect, it } from 'vitest';
import { difference } from './difference.js';

it('turns one text into the other', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '😀', '😁') });
  fc.assert(
    fc.property(text, text, (before, after) => {
      const change = difference(before, after) ?? { start: 0, end: 0, text: '' };
      expect(before.slice(0, change.start) + change.text + before.slice(change.end)).toBe(after);
      // Half of a 😀 is no valid text.
      expect(change.text.isWellFormed() && before.slice(change.start, change.end).isWellFormed()).toBe(true);
    })
  );
});

it('replaces no more than what differs', () => {
  expect(difference('rate: 1\nsteps: 2\n', 'rate: 1\nsteps: 3\n')).toEqual({ start: 15, end: 16, text: '3' });
  expect(difference('aa', 'aaa')).toEqual({ start: 2, end: 2, text: 'a' });
  expect(difference('same', 'same')).toBeNull();
});
