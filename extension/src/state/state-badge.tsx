import type { ClusterState, Run } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { clusterStateIcon, runStateIcon } from './icons.js';
import { clusterStateWord, runStateWord } from './words.js';

interface BadgeProps {
  trans: TranslationBundle;
  /** Shows the shape alone, its word on hover: for where the word stands beside it anyway. */
  iconOnly?: boolean;
}

type RunProgress = Pick<Run, 'state' | 'step' | 'max_steps'>;

/** State of a run as shape, colour and word. The ring of a running one fills with its steps and beats with each. */
export const StateBadge = ({ trans, run, iconOnly = false }: BadgeProps & { run: RunProgress }): JSX.Element => {
  const word = runStateWord(trans, run.state);
  return (
    <span className={`jp-BottegaState jp-mod-${run.state}`} title={iconOnly ? word : undefined}>
      {run.state === 'running' ? <Ring {...run} /> : <Shape icon={runStateIcon(run.state)} />}
      <span className={iconOnly ? 'jp-Bottega-visuallyHidden' : 'jp-BottegaState-word'}>{word}</span>
    </span>
  );
};

/** State of a cluster as shape, colour and word. */
export const ClusterBadge = ({ trans, state, iconOnly = false }: BadgeProps & { state: ClusterState }): JSX.Element => {
  const word = clusterStateWord(trans, state);
  return (
    <span className={`jp-BottegaState jp-mod-${state}`} title={iconOnly ? word : undefined}>
      <Shape icon={clusterStateIcon(state)} />
      <span className={iconOnly ? 'jp-Bottega-visuallyHidden' : 'jp-BottegaState-word'}>{word}</span>
    </span>
  );
};

const Shape = ({ icon }: { icon: ReturnType<typeof runStateIcon> }): JSX.Element => (
  <icon.react tag="span" className="jp-BottegaState-icon" />
);

const CIRCUMFERENCE = 2 * Math.PI * 5.5;
/** A run whose length is unknown shows a quarter. */
const UNKNOWN_SHARE = 0.25;

const Ring = ({ step, max_steps }: RunProgress): JSX.Element => {
  const share = max_steps ? Math.min(1, Math.max(0.04, step / max_steps)) : UNKNOWN_SHARE;
  const turn = max_steps ? -90 : -90 + (step % 36) * 10;
  return (
    <span className="jp-BottegaState-icon">
      <svg className="jp-BottegaState-shape jp-mod-running" width="16" height="16" viewBox="0 0 16 16" fill="none">
        <circle cx="8" cy="8" r="5.5" strokeWidth="2" opacity="0.25" />
        <circle
          cx="8"
          cy="8"
          r="5.5"
          strokeWidth="2"
          strokeDasharray={`${share * CIRCUMFERENCE} ${CIRCUMFERENCE}`}
          transform={`rotate(${turn} 8 8)`}
        />
        <circle
          cx="8"
          cy="8"
          r="1.8"
          stroke="none"
          className={`jp-mod-filled jp-BottegaState-beat jp-mod-beat${step % 2}`}
        />
      </svg>
    </span>
  );
};
