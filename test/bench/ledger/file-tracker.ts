import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run } from '@bottega/schema';

/** What a tracker made of files does for each page: reads every run, and sorts. */
export const pageOfFiles = async (folder: string, matches: (run: Run) => boolean, skip: number): Promise<string> => {
  const names = await readdir(folder);
  const runs: Run[] = [];
  for (const name of names) {
    const run = JSON.parse(await readFile(join(folder, name), 'utf8')) as Run;
    if (matches(run)) runs.push(run);
  }
  runs.sort((a, b) => b.created - a.created);
  return JSON.stringify(runs.slice(skip, skip + 50));
};
