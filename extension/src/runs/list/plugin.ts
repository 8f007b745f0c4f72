import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { showErrorMessage } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { closeIcon, editIcon, redoIcon, stopIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Run } from '@bottega/schema';
import { IBottega } from '../../agent/index.js';
import { runOf } from './current-run.js';
import { runUnderMenu } from './run-under-menu.js';
import { RunActions } from './run-actions.js';
import { runActionsOf, type RunAction } from './run-facts.js';

const describedBy = {
  args: {
    type: 'object',
    properties: { id: { type: 'string', description: 'The id of a run; without it, the one under the menu.' } }
  }
} as const;

/** Commands that stop, rerun, keep and delete runs; the list offers them in its context menu. */
export const runCommandsPlugin: JupyterFrontEndPlugin<void> = {
  id: '@bottega/lab:run-commands',
  description: 'Stops, reruns, keeps and deletes runs.',
  autoStart: true,
  requires: [IBottega],
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, bottega: IBottega, translator: ITranslator | null) => {
    const trans = (translator ?? nullTranslator).load('bottega');
    const actions = new RunActions(bottega, trans);
    const { commands } = app;

    const recordOf = (args: ReadonlyPartialJSONObject): Run | undefined => runUnderMenu(app, bottega, args);
    const can = (action: RunAction) => (args: ReadonlyPartialJSONObject) => {
      const run = recordOf(args);
      return run !== undefined && runActionsOf(run).includes(action);
    };

    commands.addCommand('bottega:stop-run', {
      label: trans.__('Stop'),
      icon: stopIcon,
      describedBy,
      isVisible: can('stop'),
      execute: async args => {
        const run = recordOf(args);
        if (run) await actions.stop(run.id);
      }
    });
    commands.addCommand('bottega:rerun-run', {
      label: trans.__('Rerun'),
      caption: trans.__('Run the same config and folder again, as they are now'),
      icon: redoIcon,
      describedBy,
      isVisible: can('rerun'),
      execute: async args => {
        const run = recordOf(args);
        const id = run && (await actions.rerun(run.id));
        if (id) await commands.execute('bottega:open-run', { id });
      }
    });
    commands.addCommand('bottega:open-run-config', {
      label: trans.__('Open its config'),
      icon: editIcon,
      describedBy,
      isVisible: can('config'),
      execute: async args => {
        const run = recordOf(args);
        if (!run || run.config_path === null) return;
        const path = bottega.pathOf({ folder: run.folder, configPath: run.config_path });
        if (path !== null) {
          await commands.execute('docmanager:open', { path });
          return;
        }
        const text = trans.__('%1 is outside the folder that JupyterLab shows.', `${run.folder}/${run.config_path}`);
        await showErrorMessage(trans.__('The config cannot be opened here'), text);
      }
    });
    commands.addCommand('bottega:open-origin', {
      label: trans.__('Open the run it began from'),
      describedBy,
      isVisible: can('origin'),
      execute: async args => {
        const id = recordOf(args)?.branch_of?.run;
        if (id !== undefined) await commands.execute('bottega:open-run', { id });
      }
    });
    for (const action of ['keep', 'let-go'] as const) {
      const isKept = action === 'keep';
      commands.addCommand(`bottega:${action}-run`, {
        label: isKept ? trans.__('Keep') : trans.__('Let go'),
        caption: isKept ? trans.__('No clean-up takes it') : trans.__('A clean-up may take it when it is old'),
        describedBy,
        isVisible: can(action),
        execute: async args => {
          const run = recordOf(args);
          if (run) await actions.keep(run.id, isKept);
        }
      });
    }
    commands.addCommand('bottega:close-run', {
      label: trans.__('Close the panel of a run'),
      describedBy,
      execute: args => {
        for (const panel of app.shell.widgets('main')) if (runOf(panel) === args['id']) panel.close();
      }
    });
    commands.addCommand('bottega:delete-run', {
      label: trans.__('Delete…'),
      icon: closeIcon,
      describedBy,
      isVisible: can('delete'),
      execute: async args => {
        const run = recordOf(args);
        if (run) await actions.delete(run);
      }
    });
  }
};
