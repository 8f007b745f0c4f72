import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { IBottega } from '../agent/index.js';
import { CurrentRun } from '../runs/list/index.js';
import { bottegaIcon } from '../state/index.js';
import { Sidebar } from './sidebar.js';

const ID = 'bottega-sidebar';

/** The panel at the left with clusters and runs. */
export const sidebarPlugin: JupyterFrontEndPlugin<void> = {
  id: '@bottega/lab:sidebar',
  description: 'Shows clusters and runs in the left sidebar.',
  autoStart: true,
  requires: [IBottega],
  optional: [ILayoutRestorer, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    bottega: IBottega,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('bottega');
    const sidebar = new Sidebar(bottega, app.commands, new CurrentRun(app.shell, app.restored), trans);
    sidebar.id = ID;
    sidebar.title.icon = bottegaIcon;
    sidebar.title.caption = trans.__('Bottega: clusters and runs');
    app.shell.add(sidebar, 'left', { rank: 600, type: 'Bottega' });
    restorer?.add(sidebar, ID);
    app.commands.addCommand('bottega:show-sidebar', {
      label: trans.__('Show clusters and runs'),
      icon: bottegaIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => app.shell.activateById(ID)
    });
  }
};
