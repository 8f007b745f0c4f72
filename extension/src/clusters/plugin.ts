import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { showErrorMessage } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { BottegaError } from '@bottega/client';
import { IBottega } from '../agent/index.js';
import { newFile } from '../files/index.js';
import { ClusterActions } from './cluster-actions.js';

const nameArgs = {
  args: {
    type: 'object',
    properties: { name: { type: 'string', description: 'The name of a cluster that is on the list.' } },
    required: ['name']
  }
} as const;
const noArgs = { args: { type: 'object', properties: {} } } as const;

/** Commands that start, stop and forget clusters. */
export const clustersPlugin: JupyterFrontEndPlugin<void> = {
  id: '@bottega/lab:clusters',
  description: 'Starts, stops and forgets clusters.',
  autoStart: true,
  requires: [IBottega],
  optional: [IDefaultFileBrowser, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    bottega: IBottega,
    fileBrowser: IDefaultFileBrowser | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('bottega');
    const actions = new ClusterActions(bottega, trans);
    const { commands, serviceManager } = app;

    commands.addCommand('bottega:start-cluster', {
      label: trans.__('Start a cluster…'),
      caption: trans.__('Start Ray on this machine, or use a Ray cluster that already runs'),
      describedBy: {
        args: {
          type: 'object',
          properties: { provider: { enum: ['local', 'existing'], description: 'What the dialog proposes.' } }
        }
      },
      execute: async args => {
        const { askForCluster } = await import('./start-dialog.js');
        const choice = await askForCluster(trans, args['provider'] === 'existing' ? 'existing' : 'local');
        if (!choice) return;
        if (choice.action === 'file') {
          const folder = fileBrowser?.model.path ?? '';
          const path = await newFile(serviceManager.contents, folder, choice.name, '.cluster.yaml', choice.spec);
          await commands.execute('docmanager:open', { path });
          return;
        }
        try {
          await actions.up(choice.spec);
        } catch (error) {
          if (!(error instanceof BottegaError)) throw error;
          const text = [error.message, error.hint].filter(Boolean).join(' ');
          await showErrorMessage(trans.__('The cluster did not start'), text);
        }
      }
    });
    commands.addCommand('bottega:start-local-cluster', {
      label: trans.__('Start a cluster on this machine'),
      caption: trans.__('Start Ray here with all CPUs and GPUs; it stays up when you close the browser'),
      describedBy: noArgs,
      execute: () => actions.start({ provider: 'local', name: 'local' })
    });
    commands.addCommand('bottega:start-known-cluster', {
      label: args => trans.__('Start %1', String(args['name'])),
      describedBy: nameArgs,
      execute: async args => {
        const cluster = bottega.ledger.cluster(String(args['name']));
        if (cluster) await actions.start(cluster.spec);
      }
    });
    commands.addCommand('bottega:stop-cluster', {
      label: args => trans.__('Stop %1', String(args['name'])),
      describedBy: nameArgs,
      execute: args => actions.stop(String(args['name']))
    });
    commands.addCommand('bottega:forget-cluster', {
      label: args => trans.__('Take %1 off the list', String(args['name'])),
      describedBy: nameArgs,
      execute: args => actions.forget(String(args['name']))
    });
  }
};
