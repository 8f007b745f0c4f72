import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repository, type Workplace } from '../cluster/workplace.ts';

/** Makes the model `models/large` of the project: 322 MB of weights in bfloat16, and a tokenizer of 49,152 words. */
export const makeLargeModel = async ({ project }: Workplace): Promise<void> => {
  const program = join(repository, 'test/fixtures/large_model.py');
  await promisify(execFile)(join(repository, '.venv/bin/python'), [program, join(project, 'models/large')]);
};
