import { validateRunConfig } from '@bottega/schema/validate';
import { expect, it } from 'vitest';
import { runRecord } from '../agent/record.fixture.js';
import { factsOf } from './facts.js';
import { trans } from '../state/translation.fixture.js';

const facts = async (text: string, past: Parameters<typeof factsOf>[2] = []): Promise<string[]> => {
  const { config } = await validateRunConfig(text);
  return factsOf(trans, config!, past).map(fact => `${fact.value} ${fact.label}`);
};

const finetune = 'kind: finetune\nmodel: m\ndata: {train: x, max_length: 1024}\n';

it('counts what a step sees, with every default filled in', async () => {
  const sized = `${finetune}per_device_train_batch_size: 2\ngradient_accumulation_steps: 8\nresources: {ranks: 2}\n`;
  expect(await facts(sized)).toContain('32 sequences a step, up to 32.8k tokens');
  expect(await facts(finetune)).toContain('LoRA rank 8, alpha 16');
  expect(await facts(finetune)).toContain('1.00 passes over the data');
});

it('says how long it takes only from runs that have been', async () => {
  const text = `${finetune}max_steps: 2000\n`;
  expect((await facts(text)).join()).not.toContain('≈');
  const past = [0.5, 0.1, 0.2].map((step_seconds, index) => runRecord({ id: `run-00${index}`, step_seconds }));
  expect(await facts(text, past)).toContain('≈ 6 min at the pace of 3 runs so far');
});

it('shows the command of a script', async () => {
  expect(await facts('kind: script\ncommand: [python, train.py]\n')).toEqual([
    'python train.py command',
    '1 rank 1 CPU each'
  ]);
});
