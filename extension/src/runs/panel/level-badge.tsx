import type { StartLevel } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { startLevelMeaning, startLevelWord } from '../../state/index.js';

interface LevelBadgeProps {
  trans: TranslationBundle;
  level: StartLevel;
  /** Why this level; one sentence of the engine. */
  reason?: string | undefined;
}

/** How much the processes of a run found ready. */
export const LevelBadge = ({ trans, level, reason }: LevelBadgeProps): JSX.Element => (
  <span
    className={`jp-BottegaLevel jp-mod-${level}`}
    title={[startLevelMeaning(trans, level), reason].filter(Boolean).join(' ')}
  >
    {startLevelWord(trans, level)}
  </span>
);
