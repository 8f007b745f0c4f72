import type { StartLevel } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';

interface LevelBadgeProps {
  trans: TranslationBundle;
  level: StartLevel;
  /** Why this level; one sentence of the engine. */
  reason?: string | undefined;
}

/** How much the processes of a run found ready. */
export const LevelBadge = ({ trans, level, reason }: LevelBadgeProps): JSX.Element => (
  <span className={`jp-BottegaLevel jp-mod-${level}`} title={[meaning(trans, level), reason].filter(Boolean).join(' ')}>
    {word(trans, level)}
  </span>
);

const word = (trans: TranslationBundle, level: StartLevel): string => {
  const words: Record<StartLevel, string> = {
    cold: trans.__('cold'),
    forked: trans.__('forked'),
    resident: trans.__('resident')
  };
  return words[level];
};

const meaning = (trans: TranslationBundle, level: StartLevel): string => {
  const words: Record<StartLevel, string> = {
    cold: trans.__('Nothing was ready: a new interpreter.'),
    forked: trans.__('The libraries were ready.'),
    resident: trans.__('The libraries and the base model were ready.')
  };
  return words[level];
};
