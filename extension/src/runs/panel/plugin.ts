import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { WidgetTracker, type MainAreaWidget } from '@jupyterlab/apputils';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { IBottega } from '../../agent/index.js';
import { mainTab, runStateIcon, runStateWord } from '../../state/index.js';
import { ChartChoice } from './chart-choice.js';
import { RunPanel, type RunPanelContext } from './run-panel.js';

const OPEN = 'bottega:open-run';

/** Runs in tabs of the main area. */
export const runPanelPlugin: JupyterFrontEndPlugin<void> = {
  id: '@bottega/lab:run-panel',
  description: 'Shows a run: its start, curves, log and everything it made.',
  autoStart: true,
  requires: [IBottega],
  optional: [ILayoutRestorer, IStateDB, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    bottega: IBottega,
    restorer: ILayoutRestorer | null,
    state: IStateDB | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('bottega');
    const tracker = new WidgetTracker<MainAreaWidget<RunPanel>>({ namespace: 'bottega-run' });
    const choice = new ChartChoice(state);
    void app.restored.then(() => choice.restore());
    const { contents } = app.serviceManager;
    const context: RunPanelContext = { bottega, commands: app.commands, contents, trans, choice };

    const panelOf = (id: string): MainAreaWidget<RunPanel> => {
      const open = tracker.find(({ content }) => content.run === id);
      if (open) return open;
      const panel = mainTab(`bottega-run-${id}`, new RunPanel(id, context));
      showTitle(panel);
      void tracker.add(panel);
      return panel;
    };

    /** The tab says name and state also while another one is in front; the ledger knows both. */
    const showTitle = ({ title, content }: MainAreaWidget<RunPanel>): void => {
      const run = bottega.ledger.run(content.run) ?? content.live.run;
      title.label = run?.name ?? content.run;
      title.caption = run ? [run.name, runStateWord(trans, run.state), run.id].join(' · ') : content.run;
      title.icon = runStateIcon(run?.state ?? 'pending');
    };
    bottega.ledger.changed.connect((_, { run, cluster }) => {
      if (cluster !== undefined) return;
      tracker.forEach(panel => {
        if (run === undefined || panel.content.run === run) showTitle(panel);
      });
    }, tracker);

    app.commands.addCommand(OPEN, {
      label: trans.__('Open run'),
      describedBy: {
        args: {
          type: 'object',
          required: ['id'],
          properties: {
            id: { type: 'string', description: 'The id of a run.' },
            beside: { type: 'boolean', description: 'Beside what is in front, when no other run is open.' }
          }
        }
      },
      execute: args => {
        const { id, beside } = args;
        if (typeof id !== 'string') return;
        const panel = panelOf(id);
        if (!panel.isAttached) {
          const other = tracker.currentWidget?.isAttached
            ? tracker.currentWidget
            : tracker.find(each => each.isAttached);
          const place = other ? { ref: other.id, mode: 'tab-after' as const } : {};
          const split = beside === true && !other ? { mode: 'split-right' as const } : {};
          app.shell.add(panel, 'main', { type: 'Bottega run', ...place, ...split });
        }
        app.shell.activateById(panel.id);
      }
    });

    void restorer?.restore(tracker, {
      command: OPEN,
      args: ({ content }) => ({ id: content.run }),
      name: ({ content }) => content.run
    });
  }
};
