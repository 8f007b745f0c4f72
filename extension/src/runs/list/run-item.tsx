import type { Run } from '@bottega/schema';
import { hasEnded } from '@bottega/client';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Duration, formatNumber, formatStepSeconds, RelativeTime, StateBadge } from '../../state/index.js';
import { runLine } from './run-line.js';

interface ItemProps {
  trans: TranslationBundle;
  run: Run;
}

/** Two lines about a run: which and when, where it stands and its last loss. */
export const RunItem = ({ trans, run }: ItemProps): JSX.Element => {
  const line = runLine(trans, run);
  const isPaced = run.state === 'running' && run.step_seconds !== null;
  const pace = isPaced ? ` · ${formatStepSeconds(run.step_seconds)}` : '';
  return (
    <>
      <StateBadge trans={trans} run={run} iconOnly />
      <span className="jp-BottegaRun-first">
        <span className="jp-BottegaRun-name" title={run.name}>
          {run.name}
        </span>
        <span className="jp-BottegaRun-time">
          {hasEnded(run.state) ? (
            <RelativeTime trans={trans} time={run.ended ?? run.created} />
          ) : (
            <Duration from={run.started ?? run.created} to={null} isShort />
          )}
        </span>
      </span>
      <span className="jp-BottegaRun-second">
        <span className="jp-BottegaRun-line" title={line + pace}>
          {line}
          <span className="jp-BottegaRun-pace">{pace}</span>
        </span>
        {run.loss !== null && run.state !== 'failed' && (
          <span className="jp-BottegaRun-loss">{trans.__('loss %1', formatNumber(run.loss))}</span>
        )}
      </span>
    </>
  );
};
