import type { RunConfig } from '@bottega/schema';
import { validateRunConfig } from '@bottega/schema/validate';
import { expect, it } from 'vitest';
import { configAfter } from '../runs/live/live-config.js';
import { liveDifference, valuesOf } from './live-difference.js';

const resolved = async (more: string): Promise<RunConfig> => {
  const { config, problems } = await validateRunConfig(`kind: finetune\nmodel: m\ndata: {train: a.jsonl}\n${more}`);
  expect(problems).toEqual([]);
  return config!;
};
const keys = ({ live, other }: ReturnType<typeof liveDifference>): string[][] => [
  live.map(({ key }) => key).sort(),
  other.map(({ key }) => key).sort()
];

it('two texts that mean the same do not differ', async () => {
  const running = await resolved('learning_rate: 2.0e-4\n');
  expect(keys(liveDifference(running, await resolved('# the default\n')))).toEqual([[], []]);
});

it('tells what can be changed at once from what needs a new run', async () => {
  const running = await resolved('learning_rate: 2.0e-4\nmax_steps: 60\nseed: 1\n');
  const difference = liveDifference(running, await resolved('learning_rate: 1.0e-4\nseed: 2\nlora: {r: 4}\n'));
  expect(keys(difference)).toEqual([
    ['learning_rate', 'max_steps'],
    ['lora.r', 'seed']
  ]);
  expect(valuesOf(difference.live)).toEqual({ learning_rate: 1e-4, max_steps: null });
});

it('nested fields are live as well, and a list is one value', async () => {
  const difference = liveDifference(await resolved(''), await resolved('profile: {steps: [3, 5]}\n'));
  expect(valuesOf(difference.live)).toEqual({ 'profile.steps': [3, 5], 'profile.with_stack': false });
  expect(difference.other).toEqual([]);
});

it('another kind of run is nothing to apply', async () => {
  const script = (await validateRunConfig('kind: script\ncommand: train.py\n')).config!;
  const difference = liveDifference(await resolved(''), script);
  expect(difference.live).toEqual([]);
  expect(difference.other.map(({ key }) => key)).toContain('kind');
});

it('what was applied no longer differs; what was taken away is its default again', async () => {
  const running = await resolved('learning_rate: 3.0e-4\nmax_steps: 60\n');
  const edited = await resolved('max_steps: 80\nsamples: {prompts: [one]}\n');
  const change = { values: valuesOf(liveDifference(running, edited).live) };
  const changed = configAfter('finetune', running, [change]);
  expect(keys(liveDifference(changed, edited))).toEqual([[], []]);
  expect(changed).toMatchObject({ learning_rate: 2e-4, max_steps: 80 });
  const back = configAfter('finetune', changed, [{ values: valuesOf(liveDifference(changed, running).live) }]);
  expect(back).toEqual(running);
});
