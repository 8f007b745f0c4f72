import type { Run } from '@bottega/schema';
import { hasEnded } from '@bottega/client';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Duration, formatNumber, formatStepSeconds, RelativeTime, StateBadge } from '../../state/index.js';
import { Lineage } from './lineage.js';
import type { Origins } from './origins.js';
import { runLine } from './run-line.js';
import { RunMarks } from './run-marks.js';

interface ItemProps {
  trans: TranslationBundle;
  run: Run;
  origins: Origins;
  onOpen: (id: string) => void;
}

/** Two lines about a run: which and when, where it stands and its last loss; a third when it began from another. */
export const RunItem = ({ trans, run, origins, onOpen }: ItemProps): JSX.Element => {
  const line = runLine(trans, run, origins.bottega.ledger);
  const isPaced = run.state === 'running' && run.step_seconds !== null;
  const pace = isPaced ? ` · ${formatStepSeconds(run.step_seconds)}` : '';
  return (
    <>
      <StateBadge trans={trans} run={run} iconOnly />
      <span className="jp-BottegaRun-first">
        <span className="jp-BottegaRun-name" title={run.name}>
          {run.name}
        </span>
        <RunMarks trans={trans} run={run} />
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
      {run.branch_of && <Lineage trans={trans} branch={run.branch_of} origins={origins} onOpen={onOpen} />}
    </>
  );
};
