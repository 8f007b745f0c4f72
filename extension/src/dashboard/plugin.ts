import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { WidgetTracker, type MainAreaWidget } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { launchIcon } from '@jupyterlab/ui-components';
import { IBottega } from '../agent/index.js';
import { mainTab } from '../state/index.js';
import { Dashboard } from './dashboard.js';

const OPEN = 'bottega:open-dashboard';

/** The Ray Dashboard in a tab of the main area, where it keeps its state when another tab is in front. */
export const dashboardPlugin: JupyterFrontEndPlugin<void> = {
  id: '@bottega/lab:dashboard',
  description: 'Opens the Ray Dashboard of a cluster in a tab.',
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
    const tracker = new WidgetTracker<MainAreaWidget<Dashboard>>({ namespace: 'bottega-dashboard' });

    const panelOf = (name: string): MainAreaWidget<Dashboard> => {
      const open = tracker.find(panel => panel.content.cluster === name);
      if (open) return open;
      const title = { label: trans.__('Ray Dashboard · %1', name), icon: launchIcon };
      const panel = mainTab(`bottega-dashboard-${name}`, new Dashboard(name, bottega, app.commands, trans), title);
      void tracker.add(panel);
      return panel;
    };

    app.commands.addCommand(OPEN, {
      label: args =>
        typeof args['name'] === 'string'
          ? trans.__('Ray Dashboard of %1', args['name'])
          : trans.__('Open the Ray Dashboard'),
      describedBy: {
        args: {
          type: 'object',
          properties: { name: { type: 'string', description: 'A cluster; without it, the first one that is ready.' } }
        }
      },
      isEnabled: args => typeof args['name'] === 'string' || bottega.ledger.clusters.length > 0,
      execute: args => {
        const { clusters } = bottega.ledger;
        const any = clusters.find(cluster => cluster.state === 'ready') ?? clusters[0];
        const name = typeof args['name'] === 'string' ? args['name'] : any?.name;
        if (name === undefined) return;
        const panel = panelOf(name);
        if (!panel.isAttached) app.shell.add(panel, 'main');
        app.shell.activateById(panel.id);
      }
    });
    bottega.ledger.changed.connect((_, change) => {
      if (change.run === undefined) app.commands.notifyCommandChanged(OPEN);
    }, tracker);

    void restorer?.restore(tracker, {
      command: OPEN,
      args: panel => ({ name: panel.content.cluster }),
      name: panel => panel.content.cluster
    });
  }
};
