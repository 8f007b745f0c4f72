import { validateRunConfig } from '@bottega/schema/validate';
import { describe, expect, it } from 'vitest';
import { runRecord } from '../../agent/record.fixture.js';
import { trans } from '../../state/translation.fixture.js';
import { branchFile, branchStem } from './branch-file.js';

const config = 'kind: finetune\nmodel: models/tiny-llama # small\ndata: {train: data/a.jsonl}\nmax_steps: 60\n';
const run = runRecord({ id: 'run-aaa', name: 'lora', config, step: 60, max_steps: 60, state: 'done' });

const checked = async (text: string) => {
  const { config: found, problems } = await validateRunConfig(text, { read: () => Promise.resolve(config) });
  expect(problems).toEqual([]);
  return found;
};

describe('the config of a branch', () => {
  it('extends the config of its origin and names the checkpoint', async () => {
    const { text, line } = branchFile(trans, { run, step: 20, extends: 'finetune.run.yaml' });
    expect(text).toBe(
      '# Goes on from lora at step 20. Write below what should be different, then press Run.\n' +
        '# Steps are counted on: max_steps must be more than 20.\n' +
        'extends: finetune.run.yaml\nname: lora-from-20\nresume_from_checkpoint: run-aaa/checkpoint-20\nmax_steps: 60\n'
    );
    expect(line).toBe(6);
    expect(await checked(text)).toMatchObject({ model: 'models/tiny-llama', max_steps: 60 });
  });

  it('goes beyond the end of a run that is over', () => {
    expect(branchFile(trans, { run, step: 60, extends: 'finetune.run.yaml' }).text).toContain('max_steps: 120\n');
    expect(branchFile(trans, { run, step: null, extends: 'a.run.yaml' }).text).toContain(
      'resume_from_checkpoint: run-aaa\nmax_steps: 120\n'
    );
  });

  it('is the text of its origin where there is no file, with what a branch needs', async () => {
    const cell = { ...run, config_path: null, config: `resume_from_checkpoint: run-old\n${config}` };
    const { text, line } = branchFile(trans, { run: cell, step: 20, extends: null });
    expect(await checked(text)).toMatchObject({
      name: 'lora-from-20',
      resume_from_checkpoint: 'run-aaa/checkpoint-20',
      max_steps: 60
    });
    expect(text).toContain('# small');
    expect(text.split('\n')[line - 1]).toBe('max_steps: 60');
  });

  it('has a name of its own, a branch of a branch as well, and never too long a one', () => {
    const name = (name: string, step: number | null) =>
      /^name: (.*)$/m.exec(branchFile(trans, { run: { ...run, name }, step, extends: 'a.run.yaml' }).text)?.[1];
    expect([name('lora-from-20', 40), name('lora', null), name('lora-branch', 7)]).toEqual([
      'lora-from-40',
      'lora-branch',
      'lora-from-7'
    ]);
    expect(name('x'.repeat(80), 20)).toHaveLength(80);
    expect(name('on: "x"', 20)).toBe('"on: \\"x\\"-from-20"');
  });

  it('stays valid whatever names hold', async () => {
    const odd = { ...run, name: 'two\nlines: {' };
    const { text } = branchFile(trans, { run: odd, step: 20, extends: 'a: "b" #c.run.yaml' });
    expect(await checked(text)).toMatchObject({ max_steps: 60 });
  });
});

it('a branch is called after its config, a branch of a branch as well, and one of a cell after the run', () => {
  const stem = (config_path: string | null, name = 'lora') => branchStem({ ...run, config_path, name });
  expect(stem('configs/finetune.run.yaml')).toBe('finetune-branch');
  expect(stem('finetune-branch-2.run.yml')).toBe('finetune-branch');
  expect(stem(null, '../My run: é')).toBe('My-run-branch');
});
