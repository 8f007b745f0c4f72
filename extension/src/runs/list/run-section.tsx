import type { TranslationBundle } from '@jupyterlab/translation';
import { filterIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { useEffect, useState } from 'react';
import type { IBottega } from '../../agent/index.js';
import { Button, ErrorNote, IconButton, useSignal } from '../../state/index.js';
import type { CurrentRun } from './current-run.js';
import { FilterBar } from './filter-bar.js';
import { Origins } from './origins.js';
import { everyRun, isEveryRun } from './run-filter.js';
import { RunList } from './run-list.js';
import { RunPages } from './run-pages.js';

interface SectionProps {
  bottega: IBottega;
  commands: CommandRegistry;
  current: CurrentRun;
  trans: TranslationBundle;
}

/** The runs of the sidebar, newest first. */
export const RunSection = (props: SectionProps): JSX.Element => {
  const { bottega, trans } = props;
  const [pages] = useState(() => new RunPages(bottega));
  const [isFiltering, setFiltering] = useState(false);
  useEffect(() => () => pages.dispose(), [pages]);
  useSignal(pages.changed);
  const close = (): void => {
    setFiltering(false);
    pages.setFilter(everyRun);
  };
  return (
    <section className="jp-BottegaSection jp-BottegaRuns" aria-label={trans.__('Runs')}>
      <header className="jp-BottegaSection-header">
        <h2>{trans.__('Runs')}</h2>
        {(bottega.ledger.runs.length > 0 || isFiltering) && (
          <IconButton
            icon={filterIcon}
            label={trans.__('Filter runs')}
            isPressed={isFiltering}
            onClick={() => (isFiltering ? close() : setFiltering(true))}
          />
        )}
      </header>
      {isFiltering && (
        <FilterBar
          trans={trans}
          filter={pages.filter}
          clusters={bottega.ledger.clusters}
          onChange={filter => pages.setFilter(filter)}
          onClose={close}
        />
      )}
      <Rows {...props} pages={pages} onShowAll={close} />
    </section>
  );
};

const Rows = ({
  bottega,
  commands,
  current,
  trans,
  pages,
  onShowAll
}: SectionProps & { pages: RunPages; onShowAll: () => void }): JSX.Element | null => {
  const { agent, ledger } = bottega;
  const [origins] = useState(() => new Origins(bottega));
  useSignal(agent.changed);
  useSignal(ledger.stateChanged);
  useSignal(current.changed);
  const { error, missing, rows } = pages;
  if (ledger.state.kind === 'loading') return agent.state.kind === 'failed' ? null : <Skeleton />;
  if (!rows.length && missing && !error) return <Skeleton />;
  if (!rows.length && !error) {
    return isEveryRun(pages.filter) ? (
      <NoRun commands={commands} trans={trans} />
    ) : (
      <div className="jp-BottegaEmpty">
        <p role="status">{trans.__('No run matches this filter.')}</p>
        <Button onClick={onShowAll}>{trans.__('Show all runs')}</Button>
      </div>
    );
  }
  return (
    <>
      {rows.length > 0 && (
        <RunList
          trans={trans}
          runs={rows}
          missing={error ? 0 : missing}
          isLoading={pages.isLoading}
          origins={origins}
          current={current.id}
          onOpen={id => void commands.execute('bottega:open-run', { id })}
          onEnd={() => void pages.loadMore()}
        />
      )}
      {error && (
        <ErrorNote
          trans={trans}
          error={{ ...error.body, message: trans.__('Older runs did not come. %1', error.message) }}
        >
          <Button onClick={() => pages.retry()}>{trans.__('Try again')}</Button>
        </ErrorNote>
      )}
    </>
  );
};

const NoRun = ({ commands, trans }: Pick<SectionProps, 'commands' | 'trans'>): JSX.Element => (
  <div className="jp-BottegaEmpty">
    <p>{trans.__('A run starts from a config: open one, then press Run or Ctrl+Enter.')}</p>
    <Button onClick={() => void commands.execute('bottega:open-example')}>{trans.__('Open the example')}</Button>
    <Button onClick={() => void commands.execute('bottega:new-run-config')}>{trans.__('New run config')}</Button>
  </div>
);

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
