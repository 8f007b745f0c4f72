import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Run } from '@bottega/schema';
import type { IBottega } from '../../agent/index.js';

/** The run that a command is about: the one it names, or else the one whose menu is open. */
export const runUnderMenu = (
  app: JupyterFrontEnd,
  bottega: IBottega,
  args: ReadonlyPartialJSONObject
): Run | undefined => {
  const id = args['id'] ?? app.contextMenuHitTest(node => 'run' in node.dataset)?.dataset['run'];
  return typeof id === 'string' ? bottega.ledger.run(id) : undefined;
};
