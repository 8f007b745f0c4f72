import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { WidgetTracker, type MainAreaWidget } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { IBottega } from '../agent/index.js';
import { bottegaIcon, mainTab } from '../state/index.js';
import { StoragePanel } from './storage-panel.js';

const OPEN = 'bottega:open-storage';

/** What Bottega keeps where, in a tab of the main area. */
export const storagePlugin: JupyterFrontEndPlugin<void> = {
  id: '@bottega/lab:storage',
  description: 'Shows what Bottega keeps where, and cleans up.',
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
    const tracker = new WidgetTracker<MainAreaWidget<StoragePanel>>({ namespace: 'bottega-storage' });

    const open = (): MainAreaWidget<StoragePanel> => {
      const title = { label: trans.__('Storage'), icon: bottegaIcon };
      const panel = mainTab('bottega-storage', new StoragePanel(bottega, trans), title);
      void tracker.add(panel);
      app.shell.add(panel, 'main', { type: 'Bottega storage' });
      return panel;
    };
    app.commands.addCommand(OPEN, {
      label: trans.__('Storage and clean-up'),
      caption: trans.__('What lies where, and what may go'),
      icon: bottegaIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => {
        const panel = tracker.currentWidget ?? open();
        app.shell.activateById(panel.id);
      }
    });
    void restorer?.restore(tracker, { command: OPEN, name: () => 'storage' });
  }
};
