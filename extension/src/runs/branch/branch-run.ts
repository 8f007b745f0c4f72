import type { Run } from '@bottega/schema';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IBottega } from '../../agent/index.js';
import { newFile } from '../../files/index.js';
import { branchFile, branchStem, type BranchFile } from './branch-file.js';

export interface BranchServices {
  bottega: Pick<IBottega, 'pathOf'>;
  contents: Contents.IManager;
  trans: TranslationBundle;
}

/** Writes the config of a branch into the project folder of its run. Null when JupyterLab does not show that folder. */
export const writeBranch = async (
  run: Run,
  step: number | null,
  { bottega, contents, trans }: BranchServices
): Promise<(BranchFile & { path: string }) | null> => {
  const stem = branchStem(run);
  const place = bottega.pathOf({ folder: run.folder, configPath: stem });
  if (place === null) return null;
  const folder = place.slice(0, Math.max(0, place.length - stem.length - 1));
  const isThere = run.config_path !== null && (await exists(contents, folder, run.config_path));
  const file = branchFile(trans, { run, step, extends: isThere ? run.config_path : null });
  return { ...file, path: await newFile(contents, folder, stem, '.run.yaml', file.text) };
};

const exists = (contents: Contents.IManager, folder: string, file: string): Promise<boolean> =>
  contents.get(folder ? `${folder}/${file}` : file, { content: false }).then(
    () => true,
    () => false
  );
