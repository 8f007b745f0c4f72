import { expect, it } from 'vitest';
import { filesWantedAt } from './index.js';

const at = (marked: string) => filesWantedAt('run', marked.replace('|', ''), marked.indexOf('|'));

it('wants files where a value is a path in the project folder', () => {
  expect(at('data:\n  train: data/tr|\n')).toMatchObject({ start: 15, end: 22, folder: 'data/' });
  expect(at('data:\n  train: [a.jsonl, |]\n')).toMatchObject({ folder: '' });
  expect(at('data: {eval: da|}\n')?.endings).toContain('.jsonl');
  expect(at('extends: |')?.endings).toContain('.run.yaml');
  expect(at('model: models/|')).toMatchObject({ folder: 'models/', endings: [] });
});

it('wants none elsewhere', () => {
  expect(at('name: |')).toBeNull();
  expect(at('mod|')).toBeNull();
  expect(at('model: /mnt/|')).toBeNull();
});
