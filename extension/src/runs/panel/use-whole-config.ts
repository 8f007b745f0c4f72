import type { Run } from '@bottega/schema';
import type { Contents } from '@jupyterlab/services';
import { useEffect, useMemo, useState } from 'react';
import type { IBottega } from '../../agent/index.js';
import { readConfig } from './change-fields.js';

export interface WholeConfig {
  readonly config: object;
  /** Whether it extends a file that is not read yet, or that JupyterLab does not show. */
  readonly isPartial: boolean;
}

/** The config of a run as it was submitted, with what it extends. */
export const useWholeConfig = (bottega: IBottega, contents: Contents.IManager, run: Run): WholeConfig => {
  const { config: text, config_path: file, folder } = run;
  const own = useMemo(() => readConfig(text), [text]);
  const [whole, setWhole] = useState<object | null>(null);
  useEffect(() => {
    if (own.extends === undefined || file === null) return undefined;
    let isGone = false;
    const read = async (configPath: string): Promise<string> => {
      const path = bottega.pathOf({ folder, configPath });
      if (path === null) throw new Error(`${configPath} is outside the folder that JupyterLab shows.`);
      return String((await contents.get(path, { type: 'file', format: 'text', content: true })).content);
    };
    void import('@bottega/schema/validate')
      .then(({ validateRunConfig }) => validateRunConfig(text, { file, read }))
      .then(({ config }) => {
        if (!isGone) setWhole(config);
      });
    return () => {
      isGone = true;
      setWhole(null);
    };
  }, [bottega, contents, own, file, folder]);
  return { config: whole ?? own, isPartial: own.extends !== undefined && whole === null };
};
