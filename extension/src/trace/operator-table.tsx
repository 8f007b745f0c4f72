import type { TranslationBundle } from '@jupyterlab/translation';
import { useMemo, useState } from 'react';
import { formatCount } from '../state/index.js';
import { FamilyMark, familyWord } from './family-mark.js';
import type { OperatorTimes, Summary } from './operators.js';
import { formatMicroseconds } from './time-scale.js';
import { families, type Trace } from './trace.js';

type Column = 'selfUs' | 'totalUs' | 'calls' | 'meanUs' | 'title';

/** More rows than this are shown on request; nobody reads them all. */
const FIRST_ROWS = 100;

interface OperatorTableProps {
  trans: TranslationBundle;
  trace: Trace;
  summary: Summary;
  /** The search, to show which row it came from. */
  query: string;
  onChoose: (title: string) => void;
}

/** The heaviest operators, sortable by each column. A row finds its slices in the timeline. */
export const OperatorTable = ({ trans, trace, summary, query, onChoose }: OperatorTableProps): JSX.Element => {
  const [column, setColumn] = useState<Column>('selfUs');
  const [isAscending, setAscending] = useState(false);
  const [isWhole, setWhole] = useState(false);
  const sorted = useMemo(
    () => sortedBy(trace, summary.operators, column, isAscending),
    [trace, summary, column, isAscending]
  );
  const head = (name: Column, label: string, title: string): JSX.Element => (
    <th scope="col" aria-sort={name === column ? (isAscending ? 'ascending' : 'descending') : 'none'}>
      <button
        type="button"
        title={title}
        onClick={() => {
          setAscending(name === column ? !isAscending : name === 'title');
          setColumn(name);
        }}
      >
        {label}
      </button>
    </th>
  );
  return (
    <table className="jp-BottegaTrace-table">
      <thead>
        <tr>
          {head('title', trans.__('Operator'), trans.__('Sort by name'))}
          {head('selfUs', trans.__('Self'), trans.__('Time without nested operators'))}
          {head('totalUs', trans.__('Total'), trans.__('Time with nested operators'))}
          {head('calls', trans.__('Calls'), trans.__('How often it was called'))}
          {head('meanUs', trans.__('Mean'), trans.__('Total time of one call'))}
        </tr>
      </thead>
      <tbody>
        {sorted.slice(0, isWhole ? undefined : FIRST_ROWS).map(times => {
          const { title, family } = trace.names[times.name] ?? { title: '', family: 0 };
          const share = summary.selfUs ? times.selfUs / summary.selfUs : 0;
          return (
            <tr key={times.name} className={query === title ? 'jp-mod-chosen' : ''} onClick={() => onChoose(title)}>
              <td>
                <button type="button" title={`${title} · ${familyWord(trans, families[family] ?? 'other')}`}>
                  <FamilyMark family={family} />
                  {title}
                </button>
              </td>
              <td className="jp-BottegaTrace-share" style={{ '--bottega-share': share } as React.CSSProperties}>
                {formatMicroseconds(times.selfUs)} <small>{formatShare(share)}</small>
              </td>
              <td>{formatMicroseconds(times.totalUs)}</td>
              <td>{formatCount(times.calls)}</td>
              <td>{formatMicroseconds(times.totalUs / times.calls)}</td>
            </tr>
          );
        })}
      </tbody>
      {!isWhole && sorted.length > FIRST_ROWS && (
        <tfoot>
          <tr>
            <td colSpan={5}>
              <button type="button" onClick={() => setWhole(true)}>
                {trans.__('Show all %1 operators', formatCount(sorted.length))}
              </button>
            </td>
          </tr>
        </tfoot>
      )}
    </table>
  );
};

export const formatShare = (share: number): string =>
  share > 0 && share < 0.001 ? '<0.1 %' : `${(share * 100).toFixed(share < 0.0995 ? 1 : 0)} %`;

const sortedBy = (
  trace: Trace,
  operators: readonly OperatorTimes[],
  column: Column,
  isAscending: boolean
): OperatorTimes[] => {
  const value = (times: OperatorTimes): number =>
    column === 'meanUs' ? times.totalUs / times.calls : column === 'title' ? 0 : times[column];
  const titleOf = (times: OperatorTimes): string => trace.names[times.name]?.title ?? '';
  const sign = isAscending ? 1 : -1;
  return [...operators].sort((one, other) =>
    column === 'title' ? sign * titleOf(one).localeCompare(titleOf(other)) : sign * (value(one) - value(other))
  );
};
