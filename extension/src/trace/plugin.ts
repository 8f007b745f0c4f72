import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { WidgetTracker, type MainAreaWidget } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { IBottega } from '../agent/index.js';
import { mainTab } from '../state/index.js';
import { traceIcon } from './icon.js';
import { traceTitle } from './title.js';
import { TracePanel } from './trace-panel.js';

const OPEN = 'bottega:open-trace';

/** Profiler traces in tabs of the main area. */
export const tracePlugin: JupyterFrontEndPlugin<void> = {
  id: '@bottega/lab:trace',
  description: 'Shows profiler traces of runs.',
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
    const tracker = new WidgetTracker<MainAreaWidget<TracePanel>>({ namespace: 'bottega-trace' });

    const panelOf = (run: string, name: string): MainAreaWidget<TracePanel> => {
      const open = tracker.find(({ content }) => content.run === run && content.name === name);
      if (open) return open;
      const panel = mainTab(`bottega-trace-${run}-${name}`, new TracePanel(run, name, bottega, trans), {
        label: traceTitle(trans, name),
        caption: trans.__('Trace of %1', bottega.ledger.run(run)?.name ?? run),
        icon: traceIcon
      });
      void tracker.add(panel);
      return panel;
    };

    app.commands.addCommand(OPEN, {
      label: trans.__('Open trace'),
      icon: traceIcon,
      describedBy: {
        args: {
          type: 'object',
          required: ['run', 'name'],
          properties: {
            run: { type: 'string', description: 'The id of a run.' },
            name: { type: 'string', description: 'The name of a recording of that run.' }
          }
        }
      },
      execute: args => {
        const { run, name } = args;
        if (typeof run !== 'string' || typeof name !== 'string') return;
        const panel = panelOf(run, name);
        if (!panel.isAttached) app.shell.add(panel, 'main');
        app.shell.activateById(panel.id);
      }
    });

    void restorer?.restore(tracker, {
      command: OPEN,
      args: ({ content }) => ({ run: content.run, name: content.name }),
      name: ({ content }) => `${content.run}/${content.name}`
    });
  }
};
