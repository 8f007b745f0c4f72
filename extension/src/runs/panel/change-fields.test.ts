import { expect, test } from 'vitest';
import { changeFields, draftOf, editsOf, problemsByField, readConfig } from './change-fields.js';

const config = `kind: finetune
model: m
data: {train: d}
learning_rate: 0.002
samples: {prompts: ["def add", "a\\nb"]}
`;
const fields = changeFields(readConfig(config), [{ values: { max_steps: 40, learning_rate: 1e-4 } }]);
const valueOf = (key: string): unknown => fields.find(field => field.key === key)?.value;
const edit = (...entries: [string, string | string[] | boolean][]) => editsOf(fields, new Map(entries));

test('fields have what was submitted, what was changed since, and the defaults of the schema', () => {
  expect([valueOf('learning_rate'), valueOf('max_steps'), valueOf('max_grad_norm')]).toEqual([1e-4, 40, 1]);
  expect([valueOf('samples.every_steps'), valueOf('profile.with_stack')]).toEqual([100, undefined]);
  expect(valueOf('samples.prompts')).toEqual(['def add', 'a\nb']);
  expect(fields.every(field => field.help)).toBe(true);
});

test('only what was edited is sent, as numbers and lists; what was emptied is taken away', () => {
  expect(edit(['learning_rate', '1e-4'], ['max_grad_norm', '1.0'], ['logging_steps', '5']).values).toEqual({
    logging_steps: 5
  });
  expect(edit(['profile.steps', '[20, 25]'], ['max_steps', ' '], ['samples.prompts', ['def add']]).values).toEqual({
    'profile.steps': [20, 25],
    max_steps: null,
    'samples.prompts': ['def add']
  });
});

test('what is no number is said before it is sent', () => {
  const { errors, values } = edit(['learning_rate', 'fast'], ['max_steps', '2.5'], ['profile.steps', '1, x']);
  expect([...errors]).toEqual([
    ['learning_rate', 'number'],
    ['max_steps', 'integer'],
    ['profile.steps', 'integer']
  ]);
  expect(values).toEqual({});
});

test('what the agent refuses is said at its field', () => {
  const found = problemsByField(fields, [
    { path: '/samples/prompts/0', message: 'must not be empty' },
    { path: '/learning_rate', message: 'must be more than 0' },
    { path: '/data/train', message: 'is not live' }
  ]);
  expect([...found]).toEqual([
    ['samples.prompts', 'must not be empty'],
    ['learning_rate', 'must be more than 0'],
    ['', 'data.train: is not live']
  ]);
});

test('a form of what the run has is not an edit', () => {
  expect(editsOf(fields, new Map(fields.map(field => [field.key, draftOf(field)]))).values).toEqual({});
  expect(changeFields(readConfig('not: [closed'), []).length).toBe(fields.length);
});
