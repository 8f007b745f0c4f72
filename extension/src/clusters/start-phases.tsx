import type { StartPhase } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { formatDuration, formatShortDuration, useNow } from '../state/index.js';

/** What a person reads for a phase; phases of other providers show their own name. */
const phaseWord = (trans: TranslationBundle, name: string): string => {
  const words: Record<string, string> = {
    ray: trans.__('Ray'),
    dashboard: trans.__('dashboard'),
    engine: trans.__('engine'),
    zygote: trans.__('libraries')
  };
  return words[name] ?? name;
};

/** The parts of a start with their times; the last one still counts. */
export const StartPhases = ({
  trans,
  phases
}: {
  trans: TranslationBundle;
  phases: readonly StartPhase[];
}): JSX.Element | null => {
  const now = useNow();
  if (!phases.length) return null;
  return (
    <ol className="jp-BottegaPhases">
      {phases.map(phase => (
        <li key={phase.name} className={phase.duration_ms === undefined ? 'jp-mod-current' : ''}>
          <span>{phaseWord(trans, phase.name)}</span>{' '}
          <span className="jp-BottegaPhases-time">
            {phase.duration_ms === undefined
              ? formatShortDuration(now - phase.started)
              : formatDuration(phase.duration_ms)}
          </span>
        </li>
      ))}
    </ol>
  );
};
