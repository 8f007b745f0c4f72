import { hasEnded, newRunId } from '@bottega/client';
import type { Run } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { editIcon, redoIcon, stopIcon } from '@jupyterlab/ui-components';
import { useState } from 'react';
import type { IBottega } from '../../agent/index.js';
import { branchIcon, Button, ErrorNote, formatShortDuration, useNow } from '../../state/index.js';
import { traceIcon } from '../../trace/index.js';
import type { LiveRun } from '../live/index.js';
import { useAction, type Action } from './use-action.js';
import type { LiveChange } from './use-change.js';

const PROFILE_STEPS = 5;

/** Which traces there were when a profile was asked for: it is over when there are more. */
interface Recording {
  since: number;
  traces: number;
}

export interface RunActions {
  readonly stop: Action;
  readonly profile: Action;
  readonly rerun: Action;
  readonly stoppingSince: number | null;
  readonly recordingSince: number | null;
}

/** What a person can do with a run from its panel, and what of that is on its way. */
export const useRunActions = (bottega: IBottega, live: LiveRun, onOpen: (id: string) => void): RunActions => {
  const [stoppingSince, setStopping] = useState<number | null>(null);
  const [recording, setRecording] = useState<Recording | null>(null);
  const stop = useAction(async () => {
    bottega.ledger.put({ run: await bottega.client.stop(live.id) });
    setStopping(Date.now());
  });
  const profile = useAction(async () => {
    const traces = live.traces.length;
    await bottega.client.profile(live.id, PROFILE_STEPS);
    setRecording({ since: Date.now(), traces });
  });
  const rerun = useAction(async () => {
    const run = await bottega.client.rerun(live.id, { id: newRunId() });
    bottega.ledger.put({ run });
    onOpen(run.id);
  });
  const isLive = !live.hasEnded;
  return {
    stop,
    profile,
    rerun,
    stoppingSince: isLive ? (stop.since ?? stoppingSince) : null,
    recordingSince: isLive && recording && live.traces.length <= recording.traces ? recording.since : profile.since
  };
};

interface RunButtonsProps {
  trans: TranslationBundle;
  run: Run;
  actions: RunActions;
  change: LiveChange;
  /** Goes on from the last checkpoint; undefined while there is none. */
  onBranch: (() => void) | undefined;
}

/** The buttons; a grey one says what it waits for and since when. */
export const RunButtons = ({ trans, run, actions, change, onBranch }: RunButtonsProps): JSX.Element => {
  const { stop, profile, rerun, stoppingSince, recordingSince } = actions;
  const now = useNow(stoppingSince !== null || recordingSince !== null);
  const since = (time: number): string => formatShortDuration(Math.max(0, now - time));
  const isLive = !hasEnded(run.state);
  return (
    <div className="jp-BottegaRunPanel-buttons">
      {isLive && run.kind === 'finetune' && (
        <Button icon={traceIcon} onClick={profile.run} disabledReason={profileWaits(trans, run, recordingSince, since)}>
          {recordingSince === null
            ? trans.__('Profile %1 steps', PROFILE_STEPS)
            : trans.__('Recording, %1', since(recordingSince))}
        </Button>
      )}
      {isLive && run.kind === 'finetune' && (
        <Button
          icon={editIcon}
          onClick={() => change.open(!change.isOpen)}
          title={trans.__('Change the learning rate and other live fields of its config')}
        >
          {trans.__('Change…')}
        </Button>
      )}
      <Button
        icon={redoIcon}
        onClick={rerun.run}
        title={trans.__('Run the same config and folder again, as they are now')}
        disabledReason={rerun.since === null ? undefined : trans.__('Waits for the agent')}
      >
        {trans.__('Rerun')}
      </Button>
      {onBranch && (
        <Button
          icon={branchIcon}
          title={trans.__('Make a config that goes on from the last checkpoint')}
          onClick={onBranch}
        >
          {trans.__('Branch…')}
        </Button>
      )}
      {isLive && (
        <Button
          icon={stopIcon}
          onClick={stop.run}
          title={trans.__('Ask it to end; after 10 s it is killed')}
          disabledReason={stoppingSince === null ? undefined : trans.__('Waits for the run to end')}
        >
          {stoppingSince === null ? trans.__('Stop') : trans.__('Stopping, %1', since(stoppingSince))}
        </Button>
      )}
    </div>
  );
};

const profileWaits = (
  trans: TranslationBundle,
  run: Run,
  recordingSince: number | null,
  since: (time: number) => string
): string | undefined => {
  if (recordingSince !== null) {
    return trans.__('Waits for %1 steps and their trace, since %2', PROFILE_STEPS, since(recordingSince));
  }
  return run.state === 'running' ? undefined : trans.__('Waits for the first step');
};

/** What went wrong with what a person asked for, where they asked. */
export const ActionErrors = ({ trans, actions }: { trans: TranslationBundle; actions: RunActions }): JSX.Element => (
  <>
    {[actions.stop, actions.profile, actions.rerun].map(
      (action, at) =>
        action.error && (
          <ErrorNote key={at} trans={trans} error={action.error}>
            <Button onClick={action.run}>{trans.__('Try again')}</Button>
            <Button onClick={action.dismiss}>{trans.__('Dismiss')}</Button>
          </ErrorNote>
        )
    )}
  </>
);
