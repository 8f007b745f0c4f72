import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { validateClusterSpec, validateRunConfig } from './index.js';

interface Case {
  name: string;
  text: string;
  files?: Record<string, string>;
  says: string[];
}

/** The same table is run through the Python validator in schema/python/tests. */
const table = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/run-configs.json', import.meta.url), 'utf8')
) as Case[];

describe('a run config', () => {
  test.each(table)('$name', async ({ text, files = {}, says }) => {
    const read = (path: string) =>
      path in files ? Promise.resolve(files[path]!) : Promise.reject(new Error(`no file ${path}`));
    const { config, problems } = await validateRunConfig(text, { file: 'this.run.yaml', read });
    const said = problems.map(
      ({ file, line, column, message }) => `${file === undefined ? '' : `${file} `}${line}:${column} ${message}`
    );
    expect(said).toEqual(says);
    expect(config === null).toBe(says.length > 0);
  });

  test('has every default, at any depth, and overrides of nested keys keep their neighbours', async () => {
    const base = 'kind: finetune\nmodel: m\ndata: {train: x, packing: true}\n';
    const { config } = await validateRunConfig('extends: b\ndata: {max_length: 64}\nlora: {r: 4}', {
      read: () => Promise.resolve(base)
    });
    expect(config).toMatchObject({
      method: 'lora',
      lora: { r: 4, alpha: 16, target_modules: 'all-linear' },
      data: { train: 'x', packing: true, max_length: 64, format: 'auto' },
      resources: { ranks: 1, cpus_per_rank: 1, gpus_per_rank: 0 }
    });
    expect(config).not.toHaveProperty('extends');
  });

  test('broken YAML is one problem with its place', async () => {
    const { problems } = await validateRunConfig('kind: [1\n');
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ line: 2, message: 'This is not valid YAML.' });
  });
});

describe('a cluster spec', () => {
  test('names its provider', () => {
    expect(validateClusterSpec('provider: local\nname: local\n')).toEqual({
      spec: { provider: 'local', name: 'local' },
      problems: []
    });
    expect(validateClusterSpec('provider: locl\nname: a\n').problems[0]!.message).toBe(
      'provider must be local or existing, not locl. Did you mean local?'
    );
  });

  test('never takes a token in the address', () => {
    const { problems } = validateClusterSpec('provider: existing\nname: a\naddress: http://user:secret@host:8265\n');
    expect(problems[0]!.message).toContain('must be the address of the Ray Dashboard');
  });
});
