import type { Cluster } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { runStateWord } from '../../state/index.js';
import type { RunFilter } from './run-filter.js';

interface BarProps {
  trans: TranslationBundle;
  filter: RunFilter;
  clusters: readonly Cluster[];
  onChange: (filter: RunFilter) => void;
  onClose: () => void;
}

/** Which runs to show: a text, a state, and a cluster when there are several. */
export const FilterBar = ({ trans, filter, clusters, onChange, onClose }: BarProps): JSX.Element => {
  const states = [
    ['active', trans.__('active')],
    ['done', runStateWord(trans, 'done')],
    ['failed', runStateWord(trans, 'failed')]
  ] as const;
  return (
    <div className="jp-BottegaFilter" role="search" onKeyDown={event => event.key === 'Escape' && onClose()}>
      <input
        className="jp-BottegaRuns-filter"
        autoFocus
        type="search"
        value={filter.text}
        placeholder={trans.__('Name or id')}
        aria-label={trans.__('Filter runs by name or id')}
        onChange={event => onChange({ ...filter, text: event.target.value })}
      />
      <div className="jp-BottegaFilter-chips">
        {states.map(([state, word]) => (
          <button
            key={state}
            type="button"
            className="jp-BottegaChip"
            aria-pressed={filter.state === state}
            onClick={() => onChange({ ...filter, state: filter.state === state ? null : state })}
          >
            {word}
          </button>
        ))}
        {clusters.length > 1 && (
          <select
            className={`jp-BottegaChip${filter.cluster === null ? '' : ' jp-mod-chosen'}`}
            value={filter.cluster ?? ''}
            aria-label={trans.__('Cluster')}
            onChange={event => onChange({ ...filter, cluster: event.target.value || null })}
          >
            <option value="">{trans.__('all clusters')}</option>
            {clusters.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        )}
      </div>
    </div>
  );
};
