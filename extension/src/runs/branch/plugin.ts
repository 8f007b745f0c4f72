import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { showErrorMessage } from '@jupyterlab/apputils';
import type { IDocumentWidget } from '@jupyterlab/docregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { IBottega } from '../../agent/index.js';
import { branchIcon } from '../../state/index.js';
import { runActionsOf, runUnderMenu } from '../list/index.js';
import { writeBranch } from './branch-run.js';

/** Branch: a new config that goes on from a checkpoint of a run. */
export const branchPlugin: JupyterFrontEndPlugin<void> = {
  id: '@bottega/lab:branch',
  description: 'Makes configs that go on from the checkpoint of a run.',
  autoStart: true,
  requires: [IBottega],
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, bottega: IBottega, translator: ITranslator | null) => {
    const trans = (translator ?? nullTranslator).load('bottega');
    const { commands, serviceManager } = app;
    const services = { bottega, contents: serviceManager.contents, trans };
    commands.addCommand('bottega:branch-run', {
      label: trans.__('Branch…'),
      caption: trans.__('Make a config that goes on from a checkpoint of this run'),
      icon: branchIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            id: { type: 'string', description: 'The id of a run; without it, the one under the menu.' },
            step: { type: 'number', description: 'The step of a complete checkpoint; without it, the last one.' }
          }
        }
      },
      isVisible: args => {
        const run = runUnderMenu(app, bottega, args);
        return run !== undefined && runActionsOf(run).includes('branch');
      },
      execute: async args => {
        const { id } = args;
        const step = typeof args['step'] === 'number' ? args['step'] : null;
        try {
          // A panel may show a run that is older than what the list has read.
          const known = runUnderMenu(app, bottega, args);
          const run = known ?? (typeof id === 'string' ? await bottega.client.run(id) : null);
          if (!run) return;
          const file = await writeBranch(run, step, services);
          if (!file) {
            const text = trans.__('The project folder %1 is outside the folder that JupyterLab shows.', run.folder);
            await showErrorMessage(trans.__('The branch has no place here'), text);
            return;
          }
          const widget = (await commands.execute('docmanager:open', { path: file.path })) as
            IDocumentWidget | undefined;
          widget?.setFragment(`#line=${file.line}`);
        } catch (error) {
          const text = error instanceof Error ? error.message : String(error);
          await showErrorMessage(trans.__('The config of the branch was not written'), text);
        }
      }
    });
  }
};
