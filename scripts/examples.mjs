// Makes the data and the base model of the examples: about a minute the first time, nothing after that.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { phase } from './phase.mjs';
import { once, python, root } from './setup.mjs';

const sources = readdirSync(join(root, 'examples/prepare'))
  .filter(name => name.endsWith('.py'))
  .map(name => `examples/prepare/${name}`);
const project = 'examples/docstrings';

export const prepareExamples = () =>
  once(
    '.venv/bottega-examples-stamp',
    ['requirements.lock', ...sources],
    () =>
      phase('Data and base model of the examples', python, [join(root, 'examples/prepare')], {
        // Threads that wait give their core away: on a busy machine this takes half the time.
        env: { ...process.env, OMP_WAIT_POLICY: 'PASSIVE' }
      }),
    [`${project}/data/train.jsonl`, `${project}/models/tiny-llama/model.safetensors`]
  );
