import { expect, test } from 'vitest';
import { recordOf } from '../runs/live/events.fixture.js';
import { readOutput } from './read-output.js';

const mime = { version: 1, id: 'run-one', run: recordOf(), taken: 5 };

test('an output is read as JSON and as text of JSON', () => {
  expect(readOutput(mime)).toEqual(mime);
  expect(readOutput(JSON.stringify(mime))).toEqual(mime);
});

test('what is no run of ours is refused, whatever it is', () => {
  const wrong = [null, 7, '{', {}, { id: 'x' }, { ...mime, run: { ...mime.run, name: { html: '<b>' } } }];
  for (const data of [...wrong, { ...mime, run: { ...mime.run, state: 'constructor' } }]) {
    expect(readOutput(data)).toBeNull();
  }
});
