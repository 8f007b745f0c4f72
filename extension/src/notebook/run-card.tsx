import type { Run, RunMime } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import {
  Button,
  exactTime,
  formatNumber,
  formatStepSeconds,
  queueText,
  RelativeTime,
  runStateWord,
  StateBadge,
  stepText,
  useSignal
} from '../state/index.js';
import type { LiveRun } from '../runs/live/index.js';
import { LogTail, StartLine } from '../runs/panel/index.js';
import { Curve } from './curve.js';

interface RunCardProps {
  trans: TranslationBundle;
  /** What the notebook holds. */
  output: RunMime;
  live: LiveRun;
  onOpenPanel: () => void;
}

/** A run in a notebook: one line, that opens in place. Live when the agent knows the run, a picture when not. */
export const RunCard = ({ trans, output, live, onOpenPanel }: RunCardProps): JSX.Element => {
  useSignal(live.changed);
  const [isOpen, setOpen] = useState(false);
  const isFrozen = live.run === null;
  const run = live.run ?? output.run;
  const loss = live.metrics.get('loss');
  return (
    <div className={`jp-BottegaRunOutput${isOpen ? ' jp-mod-open' : ''}`}>
      <button
        type="button"
        className="jp-BottegaRunOutput-line"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <StateBadge trans={trans} run={run} iconOnly />
        <b title={output.id}>{run.name}</b>
        <span className="jp-BottegaRunOutput-where">{whereText(trans, run)}</span>
        {loss && loss.length > 1 && <Curve series={loss} width={110} height={22} />}
        {run.loss !== null && <span className="jp-BottegaRunOutput-loss">{formatNumber(run.loss)}</span>}
        {isFrozen && <Frozen trans={trans} output={output} />}
        <span className="jp-BottegaRunOutput-arrow" aria-hidden>
          {isOpen ? '▴' : '▾'}
        </span>
      </button>
      {isOpen && (
        <div className="jp-BottegaRunOutput-body">
          {isFrozen && <p>{frozenReason(trans, live)}</p>}
          <StartLine trans={trans} run={run} phases={live.phases} levelReason={live.startedAs?.reason} />
          {loss && loss.length > 1 && <Curve series={loss} width={560} height={110} />}
          <LogTail trans={trans} run={live} lines={8} />
          <div className="jp-BottegaRunOutput-actions">
            <Button onClick={onOpenPanel}>{trans.__('Open in a panel')}</Button>
            <code>{output.id}</code>
          </div>
        </div>
      )}
    </div>
  );
};

const whereText = (trans: TranslationBundle, run: Run): string => {
  const step = run.step === 0 ? '' : stepText(trans, run);
  const parts =
    run.state === 'running'
      ? [stepText(trans, run), run.step_seconds === null ? '' : formatStepSeconds(run.step_seconds)]
      : [
          run.queue ? queueText(trans, run.queue) : runStateWord(trans, run.state),
          run.state === 'done' ? step : run.reason || step
        ];
  return parts.filter(Boolean).join(' · ');
};

/** That this is a picture, and of when. */
const Frozen = ({ trans, output }: { trans: TranslationBundle; output: RunMime }): JSX.Element => {
  const taken = output.taken ?? output.run.ended ?? output.run.created;
  return (
    <span className="jp-BottegaRunOutput-frozen" title={exactTime(taken)}>
      {trans.__('picture of')} <RelativeTime trans={trans} time={taken} />
    </span>
  );
};

const frozenReason = (trans: TranslationBundle, live: LiveRun): string =>
  live.error?.code === 'not_found'
    ? trans.__('The agent does not know this run: it was deleted, or it ran somewhere else.')
    : (live.error?.message ?? trans.__('Waiting for the agent…'));
