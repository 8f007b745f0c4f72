import { hasEnded } from '@bottega/client';
import type { Run } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReactNode } from 'react';
import {
  Duration,
  formatShortDuration,
  formatStepSeconds,
  formatTokensPerSecond,
  RelativeTime,
  StateBadge,
  stepText
} from '../../state/index.js';
import type { LiveRun } from '../live/index.js';

interface RunHeaderProps {
  trans: TranslationBundle;
  live: LiveRun;
  run: Run;
  children: ReactNode;
}

/** Name, state and where it stands; the buttons at the right. */
export const RunHeader = ({ trans, live, run, children }: RunHeaderProps): JSX.Element => (
  <div className="jp-BottegaRunPanel-header">
    <div className="jp-BottegaRunPanel-title">
      <h2 title={`${run.name} · ${run.id}`}>{run.name}</h2>
      <StateBadge trans={trans} run={run} />
      <span className="jp-BottegaRunPanel-facts">
        {factsOf(trans, live, run).map((fact, at) => (
          <span key={at}>{fact}</span>
        ))}
      </span>
    </div>
    {children}
  </div>
);

const factsOf = (trans: TranslationBundle, live: LiveRun, run: Run): ReactNode[] => {
  const facts: ReactNode[] = [];
  if (run.step > 0) facts.push(<b>{stepText(trans, run)}</b>);
  if (hasEnded(run.state)) {
    if (run.started !== null && run.ended !== null) facts.push(<Duration from={run.started} to={run.ended} />);
    if (run.ended !== null) facts.push(<RelativeTime trans={trans} time={run.ended} />);
  } else if (run.state === 'running') {
    if (run.step_seconds !== null) facts.push(formatStepSeconds(run.step_seconds));
    const speed = live.metrics.get('tokens_per_second')?.last ?? null;
    if (speed !== null) facts.push(formatTokensPerSecond(speed));
    const leftMs = timeLeftMs(live, run);
    if (leftMs !== null) facts.push(trans.__('%1 left', formatShortDuration(leftMs)));
  }
  facts.push(trans.__('on %1', run.cluster));
  return facts;
};

const RECENT_STEPS = 21;

/** At the pace of the middle one of its last steps: a single one may have saved a checkpoint. */
const timeLeftMs = (live: LiveRun, run: Run): number | null => {
  const recent = live.metrics.get('step_seconds')?.values.slice(-RECENT_STEPS).sort() ?? [];
  const middle = recent[Math.floor(recent.length / 2)];
  if (run.max_steps === null || middle === undefined || Number.isNaN(middle)) return null;
  return Math.max(0, run.max_steps - run.step) * middle * 1000;
};
