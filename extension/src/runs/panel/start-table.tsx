import type { TranslationBundle } from '@jupyterlab/translation';
import { formatDuration, NO_NUMBER } from '../../state/index.js';
import { differencesOf, slowestOf, type Start } from '../live/index.js';
import { phaseMeaning, phaseWord } from './phase-words.js';

interface StartTableProps {
  trans: TranslationBundle;
  start: Start;
  before: Start | null;
}

/** Each phase of a start beside the same one of the start before. */
export const StartTable = ({ trans, start, before }: StartTableProps): JSX.Element => {
  const slowest = slowestOf(start);
  return (
    <table className="jp-BottegaStart-table">
      <thead>
        <tr>
          <th scope="col">{trans.__('Phase')}</th>
          <th scope="col">{trans.__('Now')}</th>
          {before && <th scope="col">{trans.__('Last time')}</th>}
          {before && <th scope="col">{trans.__('Difference')}</th>}
          <th scope="col">{trans.__('What happens')}</th>
        </tr>
      </thead>
      <tbody>
        {differencesOf(start, before).map(({ name, ms, beforeMs }) => (
          <tr key={name} className={name === slowest ? 'jp-mod-slowest' : undefined}>
            <th scope="row">
              <i className={`jp-BottegaStart-segment jp-mod-${name}`} aria-hidden />
              {phaseWord(trans, name)}
              {name === slowest && <small> {trans.__('slowest')}</small>}
            </th>
            <td>{formatDuration(ms)}</td>
            {before && <td>{formatDuration(beforeMs)}</td>}
            {before && <td>{differenceText((ms ?? 0) - (beforeMs ?? 0))}</td>}
            <td>{phaseMeaning(trans, name)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
};

const differenceText = (ms: number): string => {
  if (Math.abs(ms) < 0.05) return NO_NUMBER;
  return `${ms < 0 ? '−' : '+'}${formatDuration(Math.abs(ms))}`;
};
