import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { systemCode } from '../errors/index.js';

export const IGNORE_FILE = '.bottegaignore';

/** Never part of a run, whatever the ignore file says. */
const ALWAYS = ['.git/', '__pycache__/', '.venv/', 'node_modules/', '.ipynb_checkpoints/', '/outputs/', '.DS_Store'];

/** What a project folder leaves out, in gitignore syntax. */
export const readIgnored = async (folder: string): Promise<Ignore> => {
  const rules = ignore().add(ALWAYS);
  try {
    return rules.add(await readFile(join(folder, IGNORE_FILE), 'utf8'));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return rules;
    throw error;
  }
};
