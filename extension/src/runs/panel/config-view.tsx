import type { Run } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReactNode } from 'react';
import { exactTime } from '../../state/index.js';
import type { LiveRun } from '../live/index.js';
import { ModulesView } from './modules-view.js';

interface ConfigViewProps {
  trans: TranslationBundle;
  run: Run;
  live: LiveRun;
  commands: CommandRegistry;
}

/** What was submitted, and the content address of the code it ran with. */
export const ConfigView = ({ trans, run, live, commands }: ConfigViewProps): JSX.Element => {
  const link = (label: string, command: string, args: { id: string }): JSX.Element => (
    <button type="button" className="jp-BottegaLink" onClick={() => void commands.execute(command, args)}>
      {label}
    </button>
  );
  const facts: [string, ReactNode][] = [
    [trans.__('Run'), <code key="id">{run.id}</code>],
    [trans.__('Folder'), run.folder],
    [
      trans.__('Config'),
      run.config_path === null
        ? trans.__('from a cell or a call')
        : link(run.config_path, 'bottega:open-run-config', { id: run.id })
    ],
    [
      trans.__('Code'),
      run.tree === null ? trans.__('not sent yet') : <code title={run.tree}>{run.tree.slice(0, 12)}</code>
    ],
    [trans.__('Submitted'), exactTime(run.created)]
  ];
  if (run.rerun_of !== null) {
    facts.push([trans.__('Rerun of'), link(run.rerun_of, 'bottega:open-run', { id: run.rerun_of })]);
  }
  return (
    <div className="jp-BottegaConfig">
      <dl>
        {facts.map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <ModulesView trans={trans} run={live} />
      <pre>{run.config}</pre>
    </div>
  );
};
