import { BottegaError } from '@bottega/client';
import type { SubmitRequest } from '@bottega/schema';
import { useState } from 'react';
import { StaleNote, type IBottega } from '../../agent/index.js';
import { Button, ErrorNote, useSignal } from '../../state/index.js';
import type { LiveRun } from '../live/index.js';
import { ChangeForm } from './change-form.js';
import { ChangeNote } from './change-note.js';
import { ChartMenu, Charts } from './charts.js';
import { ConfigView } from './config-view.js';
import { FilesView, isResumable } from './files-view.js';
import { LogBar } from './log-bar.js';
import { noOptions, type LogOptions } from './log-options.js';
import { LogView } from './log-view.js';
import { useOtherRun, usePreviousStart } from './previous-run.js';
import { ActionErrors, RunButtons, useRunActions } from './run-actions.js';
import { RunHeader } from './run-header.js';
import { RunOutcome } from './run-outcome.js';
import type { RunPanelContext } from './run-panel.js';
import { Tabs, type Tab } from './run-tabs.js';
import { SamplesView } from './samples-view.js';
import { StartLine } from './start-line.js';
import { TablesView } from './tables-view.js';
import { recordingsOf, TracesView } from './traces-view.js';
import { useChange } from './use-change.js';
import { useHeight } from './use-height.js';

export interface RunViewProps extends RunPanelContext {
  live: LiveRun;
}

/** A log that is longer is not read only to compare with it. */
const MAX_EVENTS = 300_000;

/** One run, whole: where it stands, how it began, its curves, and everything it wrote. */
export const RunView = (props: RunViewProps): JSX.Element => {
  const { trans, bottega, commands, live, choice } = props;
  useSignal(live.changed);
  const open = (id: string): void => void commands.execute('bottega:open-run', { id });
  const actions = useRunActions(bottega, live, open);
  const { run } = live;
  const before = usePreviousStart(bottega, run && live.id);
  const last = before?.run && before.run.last_seq <= MAX_EVENTS ? before.run.id : null;
  const previous = useOtherRun(bottega, last ?? (before && (run?.branch_of?.run ?? null)));
  const change = useChange(bottega.client, live);
  const checkpoint = live.checkpoints.findLast(isResumable);
  const branch = (step: number): void => void commands.execute('bottega:branch-run', { id: live.id, step });
  if (!run) return <Unknown {...props} />;
  return (
    <>
      <RunHeader trans={trans} live={live} run={run}>
        {!live.isDeleted && (
          <RunButtons
            trans={trans}
            run={run}
            actions={actions}
            change={change}
            onBranch={checkpoint && (() => branch(checkpoint.step))}
          />
        )}
      </RunHeader>
      {change.isOpen && !live.hasEnded && <ChangeForm {...props} run={run} change={change} />}
      <ChangeNote trans={trans} change={change} />
      <StaleNote trans={trans} ledger={bottega.ledger} />
      <ActionErrors trans={trans} actions={actions} />
      {live.error && (
        <ErrorNote trans={trans} error={live.error}>
          {live.isDeleted && (
            <Button onClick={() => void commands.execute('bottega:close-run', { id: live.id })}>
              {trans.__('Close')}
            </Button>
          )}
        </ErrorNote>
      )}
      <RunOutcome trans={trans} bottega={bottega} run={run} since={live.stateSince} />
      <StartLine
        trans={trans}
        run={run}
        phases={live.phases}
        previous={before}
        levelReason={live.startedAs?.reason}
        aside={<ChartMenu trans={trans} run={live} choice={choice} />}
      />
      <Lower {...props} previous={previous} />
    </>
  );
};

/** Before the record is there: the run on its way to the agent, a wait, or why there will be none. */
const Unknown = ({ trans, bottega, live }: RunViewProps): JSX.Element => {
  useSignal(bottega.submissions.changed, id => id === live.id);
  const submission = bottega.submissions.get(live.id);
  const error = submission ? submission.error?.body : live.error;
  return (
    <div className="jp-BottegaRunPanel-unknown">
      {error ? (
        <ErrorNote trans={trans} error={error}>
          <Button onClick={() => (submission ? sendAgain(bottega, submission.request) : live.retry())}>
            {trans.__('Try again')}
          </Button>
        </ErrorNote>
      ) : (
        <p role="status">{submission ? trans.__('Sending the run…') : trans.__('Waiting for the agent…')}</p>
      )}
    </div>
  );
};

/** A refusal shows up in the submissions, where this view reads it. */
const sendAgain = (bottega: IBottega, request: SubmitRequest): void => {
  bottega.submissions.submit(request).catch((error: unknown) => {
    if (!(error instanceof BottegaError)) throw error;
  });
};

type TabKey = 'log' | 'samples' | 'config' | 'checkpoints' | 'traces' | 'table';

/** Curves above, tabs below, with a handle between them. */
const Lower = (props: RunViewProps & { previous: LiveRun | null }): JSX.Element => {
  const { trans, bottega, commands, live, choice, previous } = props;
  const [tab, setTab] = useState<TabKey>('log');
  const [options, setOptions] = useState(noOptions);
  const changeOptions = (change: Partial<LogOptions>): void => setOptions(before => ({ ...before, ...change }));
  const [height, handle] = useHeight(trans.__('Height of the charts'));
  const count = (kind: string): number => live.artifacts.filter(artifact => artifact.kind === kind).length;
  const tabs: Tab<TabKey>[] = [
    { key: 'log', label: trans.__('Log') },
    { key: 'samples', label: trans.__('Samples'), count: new Set(live.samples.all.map(sample => sample.step)).size },
    { key: 'config', label: trans.__('Config') },
    { key: 'checkpoints', label: trans.__('Checkpoints'), count: live.checkpoints.length + count('file') },
    { key: 'traces', label: trans.__('Traces'), count: recordingsOf(live.traces).length },
    { key: 'table', label: trans.__('Table'), count: count('table') }
  ];
  const run = live.run;
  return (
    <div className="jp-BottegaRunPanel-lower">
      <div className="jp-BottegaRunPanel-charts" style={height === null ? undefined : { height, maxHeight: 'none' }}>
        <Charts trans={trans} run={live} previous={previous} choice={choice} />
      </div>
      {handle}
      <Tabs
        tabs={tabs}
        current={tab}
        onChange={setTab}
        aside={tab === 'log' && <LogBar trans={trans} run={live} options={options} onChange={changeOptions} />}
      >
        {tab === 'log' && <LogView trans={trans} run={live} options={options} onChange={changeOptions} />}
        {tab === 'samples' && <SamplesView trans={trans} run={live} />}
        {tab === 'config' && run && <ConfigView trans={trans} run={run} live={live} commands={commands} />}
        {tab === 'checkpoints' && (
          <FilesView
            trans={trans}
            run={live}
            client={bottega.client}
            onBranch={step => void commands.execute('bottega:branch-run', { id: live.id, step })}
          />
        )}
        {tab === 'traces' && <TracesView trans={trans} run={live} commands={commands} />}
        {tab === 'table' && <TablesView trans={trans} run={live} />}
      </Tabs>
    </div>
  );
};
