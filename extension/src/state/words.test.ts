import { expect, it } from 'vitest';
import { trans } from './translation.fixture.js';
import { queueText, stepText } from './words.js';

it('says where a run is, also one that was told to end before where it was', () => {
  const run = { state: 'running', step: 81, max_steps: 250 } as const;
  expect(
    [run, { ...run, max_steps: 20 }, { ...run, max_steps: null }, { ...run, step: 0 }].map(each =>
      stepText(trans, each)
    )
  ).toEqual(['step 81 / 250', 'step 81', 'step 81', 'running']);
});

it('numbers of a queue are grouped as all are', () => {
  expect(queueText(trans, { position: 2, length: 1200 })).toBe('2 of 1\u202f200 in the queue');
});
