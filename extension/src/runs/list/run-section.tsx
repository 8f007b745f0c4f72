import type { TranslationBundle } from '@jupyterlab/translation';
import { filterIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { useRef, useState } from 'react';
import type { IBottega } from '../../agent/index.js';
import { Button, IconButton, useSignal } from '../../state/index.js';
import type { CurrentRun } from './current-run.js';
import { filterRuns } from './run-facts.js';
import { RunList } from './run-list.js';

interface SectionProps {
  bottega: IBottega;
  commands: CommandRegistry;
  current: CurrentRun;
  trans: TranslationBundle;
}

/** The runs of the sidebar, newest first. */
export const RunSection = ({ bottega, commands, current, trans }: SectionProps): JSX.Element => {
  const { agent, ledger } = bottega;
  const [filter, setFilter] = useState<string | null>(null);
  const isLoadingOlder = useRef(false);
  useSignal(ledger.changed, change => change.cluster === undefined);
  useSignal(agent.changed);
  useSignal(ledger.stateChanged);
  useSignal(current.changed);

  const loadOlder = (): void => {
    if (isLoadingOlder.current || !ledger.hasOlderRuns || ledger.state.kind !== 'live') return;
    isLoadingOlder.current = true;
    // A page that does not come is asked for again at the next scroll; the agent's state is shown above.
    const done = (): void => void (isLoadingOlder.current = false);
    ledger.loadOlderRuns().then(done, done);
  };

  const runs = filterRuns(ledger.runs, filter ?? '');
  return (
    <section className="jp-BottegaSection jp-BottegaRuns" aria-label={trans.__('Runs')}>
      <header className="jp-BottegaSection-header">
        <h2>{trans.__('Runs')}</h2>
        {ledger.runs.length > 0 && (
          <IconButton
            icon={filterIcon}
            label={trans.__('Filter runs')}
            isPressed={filter !== null}
            onClick={() => setFilter(filter === null ? '' : null)}
          />
        )}
      </header>
      {filter !== null && (
        <input
          className="jp-BottegaRuns-filter"
          autoFocus
          type="search"
          value={filter}
          placeholder={trans.__('Name, state or cluster')}
          aria-label={trans.__('Filter runs by name, state or cluster')}
          onChange={event => setFilter(event.target.value)}
          onKeyDown={event => event.key === 'Escape' && setFilter(null)}
        />
      )}
      {ledger.state.kind === 'loading' ? (
        agent.state.kind !== 'failed' && <Skeleton />
      ) : runs.length ? (
        <RunList
          trans={trans}
          runs={runs}
          current={current.id}
          onOpen={run => void commands.execute('bottega:open-run', { id: run.id })}
          onEnd={loadOlder}
        />
      ) : ledger.runs.length ? (
        <div className="jp-BottegaEmpty">
          <p>{trans.__('No run has “%1” in its name, state or cluster.', filter ?? '')}</p>
          <Button onClick={() => setFilter(null)}>{trans.__('Show all runs')}</Button>
        </div>
      ) : (
        <div className="jp-BottegaEmpty">
          <p>{trans.__('A run starts from a config: open one, then press Run or Ctrl+Enter.')}</p>
          <Button onClick={() => void commands.execute('bottega:open-example')}>{trans.__('Open the example')}</Button>
          <Button onClick={() => void commands.execute('bottega:new-run-config')}>{trans.__('New run config')}</Button>
        </div>
      )}
    </section>
  );
};

const Skeleton = (): JSX.Element => (
  <div className="jp-BottegaSkeleton" aria-hidden>
    {[62, 48, 70].map(percent => (
      <div key={percent}>
        <span style={{ width: `${percent}%` }} />
        <span style={{ width: '40%' }} />
      </div>
    ))}
  </div>
);
