import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { IBottega } from '../agent/index.js';
import { StatusItem } from './status-item.js';

const inPalette = [
  'bottega:show-sidebar',
  'bottega:start-local-cluster',
  'bottega:start-cluster',
  'bottega:open-dashboard',
  'bottega:run-config',
  'bottega:new-run-config',
  'bottega:new-cluster-spec',
  'bottega:open-example',
  'bottega:open-storage'
];

/** Where commands are found: palette, launcher, status bar. Menus are in schema/commands.json. */
export const shellPlugin: JupyterFrontEndPlugin<void> = {
  id: '@bottega/lab:commands',
  description: 'Puts the commands of Bottega in the palette, the launcher and the menus.',
  autoStart: true,
  requires: [IBottega],
  optional: [ICommandPalette, ILauncher, IStatusBar, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    bottega: IBottega,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    statusBar: IStatusBar | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('bottega');
    const category = trans.__('Bottega');
    for (const command of inPalette) palette?.addItem({ command, category });
    for (const command of ['bottega:new-run-config', 'bottega:new-cluster-spec', 'bottega:open-example']) {
      launcher?.add({ command, category, args: { isLauncher: true } });
    }
    statusBar?.registerStatusItem('@bottega/lab:commands', {
      item: new StatusItem(bottega, app.commands, trans),
      align: 'left',
      rank: 20
    });
  }
};
