import { describe, expect, it } from 'vitest';
import { complete, hoverAt, type ConfigKind } from './index.js';

/** Completes at the `|` of a text. */
const at = (marked: string, kind: ConfigKind = 'run') => {
  const offset = marked.indexOf('|');
  return complete(kind, marked.replace('|', ''), offset);
};
const labels = (marked: string, kind?: ConfigKind) => at(marked, kind)?.items.map(item => item.label) ?? [];
const inserted = (marked: string, name: string) =>
  at(marked)?.items.find(item => Object.is(item.label, name))?.insertText;

describe('completion', () => {
  it('begins an empty file with what decides the rest', () => {
    const list = at('|')!;
    const first = list.items.toSorted((a, b) => a.rank - b.rank)[0]!;
    expect(first).toMatchObject({ label: 'kind', insertText: 'kind: $0', isFollowed: true });
    expect(labels('|', 'cluster')).toContain('provider');
  });

  it('offers the keys that are not there yet, while one is half typed', () => {
    const offered = labels('kind: finetune\nmodel: m\nlear|\ndata:\n  train: x\n');
    expect(offered).toContain('learning_rate');
    expect(offered).not.toContain('model');
    expect(offered).not.toContain('data');
    expect(at('kind: finetune\nlear|\n')).toMatchObject({ start: 15, end: 19 });
  });

  it('knows the keys of the mapping a line belongs to by its indentation', () => {
    expect(labels('kind: finetune\ndata:\n  |\n  train: x\n')).toContain('packing');
    expect(labels('kind: finetune\ndata:\n  |\n  train: x\n')).not.toContain('train');
    expect(labels('kind: finetune\nlora:\n  |')).toEqual(['r', 'alpha', 'dropout', 'target_modules']);
    expect(labels('kind: finetune\ndata:\n  train: x\n|')).toContain('max_steps');
  });

  it('completes inside of braces', () => {
    expect(labels('kind: finetune\nlora: {r: 16, |}\n')).toEqual(['alpha', 'dropout', 'target_modules']);
    expect(inserted('kind: finetune\nlora: {r: 16, |}\n', 'dropout')).toBe('dropout: ${1:0}');
  });

  it('offers the words of an enum, also when the value is half typed', () => {
    expect(labels('kind: finetune\nmethod: |')).toEqual(['lora', 'full']);
    expect(labels('kind: finetune\nmethod: fu|\nmodel: m\n')).toEqual(['lora', 'full']);
    expect(labels('kind: |')).toEqual(['finetune', 'script']);
    expect(labels('kind: finetune\nbf16: |')).toEqual(['true', 'false']);
    expect(at('kind: finetune\nmethod: |')?.items[0]?.detail).toBe('default');
  });

  it('follows the kind of the file', () => {
    expect(labels('kind: script\n|')).toContain('command');
    expect(labels('kind: script\n|')).not.toContain('model');
    expect(labels('provider: existing\n|', 'cluster')).toContain('address');
    expect(labels('provider: local\n|', 'cluster')).not.toContain('address');
  });

  it('writes only the name when the key has its colon', () => {
    expect(inserted('kind: finetune\nlearn|: 3\n', 'learning_rate')).toBe('learning_rate');
    expect(inserted('kind: finetune\n|\n', 'learning_rate')).toBe('learning_rate: ${1:2.0e-4}');
    expect(inserted('kind: finetune\n|\n', 'lora')).toBe('lora:\n  $0');
  });

  it('is silent in comments and in text blocks', () => {
    expect(at('kind: finetune # me|\n')).toBeNull();
    expect(labels('kind: script\ncommand: >-\n  python | x\n')).toEqual([]);
  });
});

describe('hover', () => {
  const hover = (marked: string) => hoverAt('run', marked.replace('|', ''), marked.indexOf('|'))?.text;

  it('says what a key means, takes and defaults to', () => {
    const text = hover('kind: finetune\ndata:\n  max_le|ngth: 8\n')!;
    expect(text).toContain('**data.max_length**');
    expect(text).toContain('whole number, at least 1');
    expect(text).toContain('default `512`');
  });

  it('says of a key whether it can be changed while a run goes on', () => {
    expect(hover('kind: finetune\nlearning_ra|te: 1\n')).toContain('can be changed while the run goes on');
    expect(hover('kind: finetune\nsamples:\n  prom|pts: [a]\n')).toContain('can be changed while the run goes on');
    expect(hover('kind: finetune\nse|ed: 1\n')).not.toContain('while the run goes on');
    const rate = at('kind: finetune\nlearning_r|')!.items.find(item => item.label === 'learning_rate');
    expect(rate?.documentation).toContain('can be changed while the run goes on');
  });

  it('says what a value means', () => {
    expect(hover('kind: fine|tune\n')).toContain('Fine-tune a causal language model.');
    expect(hover('kind: finetune\nmethod: lo|ra\n')).toContain('small adapter');
  });

  it('is silent about what the schema does not know', () => {
    expect(hover('kind: finetune\nnonse|nse: 1\n')).toBeUndefined();
  });
});
