import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { BottegaError, systemCode } from '../errors/index.js';

export const IGNORE_FILE = '.bottegaignore';

/** Left out unless the ignore file takes it back with `!`. */
const BUILT_IN = ['.git', '__pycache__/', '.venv/', 'node_modules/', '.ipynb_checkpoints/', '/outputs/', '.DS_Store'];

/** What a project folder leaves out, in gitignore syntax. */
export const readIgnored = async (folder: string): Promise<Ignore> => {
  const rules = ignore({ ignorecase: false }).add(BUILT_IN);
  try {
    return rules.add(await readFile(join(folder, IGNORE_FILE), 'utf8'));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return rules;
    throw new BottegaError('folder_unreadable', `${IGNORE_FILE} cannot be read.`, { cause: error });
  }
};
