import { PathExt } from '@jupyterlab/coreutils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';
import type { FileWanted } from '../language/index.js';

export interface FileChoice {
  /** Relative to the project folder, as it is written in the config. */
  path: string;
  isFolder: boolean;
}

export type ListFiles = (wanted: FileWanted) => Promise<FileChoice[]>;

/** Lists files beside a config. What cannot be listed offers nothing: it may lie where JupyterLab does not look. */
export const filesBeside =
  (context: DocumentRegistry.IContext<DocumentRegistry.ICodeModel>, contents: Contents.IManager): ListFiles =>
  async ({ folder, endings }) => {
    const path = PathExt.join(PathExt.dirname(context.path), folder);
    const listing = await contents.get(path, { type: 'directory', content: true }).catch(() => null);
    const entries = (listing?.content ?? []) as Contents.IModel[];
    return entries
      .filter(entry => entry.type === 'directory' || endings.some(ending => entry.name.endsWith(ending)))
      .map(entry => ({ path: folder + entry.name, isFolder: entry.type === 'directory' }));
  };
