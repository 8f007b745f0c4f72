import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IThemeManager, WidgetTracker } from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { runIcon } from '@jupyterlab/ui-components';
import { IBottega } from '../agent/index.js';
import { ChosenCluster } from './chosen-cluster.js';
import { ConfigEditorFactory, type ConfigDocument } from './factory.js';
import { runConfig, startClusterFile } from './run-config.js';

const FACTORY = 'bottega-config';
const noArgs = { args: { type: 'object', properties: {} } } as const;

/** The editor of configs, and Run. */
export const configEditorPlugin: JupyterFrontEndPlugin<void> = {
  id: '@bottega/lab:config-editor',
  description: 'Edits *.run.yaml and *.cluster.yaml in Monaco, with the schema at hand, and runs them.',
  autoStart: true,
  requires: [IBottega],
  optional: [ILayoutRestorer, IThemeManager, IStateDB, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    bottega: IBottega,
    restorer: ILayoutRestorer | null,
    themes: IThemeManager | null,
    state: IStateDB | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('bottega');
    const { commands, docRegistry, serviceManager, shell } = app;
    const chosen = new ChosenCluster(bottega.ledger, state);
    const services = { bottega, chosen, commands, trans };
    const tracker = new WidgetTracker<ConfigDocument>({ namespace: FACTORY });
    const fileTypes = ['bottega-run', 'bottega-cluster'];
    const factory = new ConfigEditorFactory(
      { name: FACTORY, label: trans.__('Bottega editor'), modelName: 'text', fileTypes, defaultFor: fileTypes },
      { ...services, contents: serviceManager.contents, themes }
    );
    factory.widgetCreated.connect((_, document) => {
      document.context.pathChanged.connect(() => void tracker.save(document), tracker);
      void tracker.add(document);
    }, tracker);
    // Its optional members may be undefined, which JupyterLab's types do not say.
    docRegistry.addWidgetFactory(factory as DocumentRegistry.WidgetFactory);
    void restorer?.restore(tracker, {
      command: 'docmanager:open',
      args: document => ({ path: document.context.path, factory: FACTORY }),
      name: document => document.context.path
    });

    const current = (kind: 'run' | 'cluster'): ConfigDocument | null => {
      const document = tracker.currentWidget;
      return document && document === shell.currentWidget && document.content.check.kind === kind ? document : null;
    };
    commands.addCommand('bottega:run-config', {
      label: trans.__('Run this config'),
      caption: trans.__('Save the config in front and run it'),
      icon: runIcon,
      describedBy: noArgs,
      isEnabled: () => current('run') !== null,
      execute: async () => {
        const document = current('run');
        if (document) await runConfig(document, services);
      }
    });
    commands.addCommand('bottega:start-cluster-file', {
      label: trans.__('Start the cluster of this file'),
      caption: trans.__('Save the cluster spec in front and start it'),
      icon: runIcon,
      describedBy: noArgs,
      isEnabled: () => current('cluster') !== null,
      execute: async () => {
        const document = current('cluster');
        if (document) await startClusterFile(document, services);
      }
    });
    shell.currentChanged?.connect(() => {
      commands.notifyCommandChanged('bottega:run-config');
      commands.notifyCommandChanged('bottega:start-cluster-file');
    }, tracker);
  }
};
