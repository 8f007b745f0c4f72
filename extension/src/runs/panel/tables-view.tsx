import type { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import { traceTitle } from '../../trace/index.js';
import type { LiveRun } from '../live/index.js';
import { readTextTable } from './text-table.js';

/** The tables a run made, mostly the costliest operators of a profile, as the profiler wrote them. */
export const TablesView = ({ trans, run }: { trans: TranslationBundle; run: LiveRun }): JSX.Element => {
  const tables = run.artifacts.filter(artifact => artifact.kind === 'table');
  const [chosen, setChosen] = useState<number | null>(null);
  const table = tables.find(each => each.seq === chosen) ?? tables.at(-1);
  if (!table) {
    return (
      <p className="jp-BottegaTabs-empty">{trans.__('A profile adds a table of the costliest operators here.')}</p>
    );
  }
  return (
    <div className="jp-BottegaTables">
      {tables.length > 1 && (
        <select
          aria-label={trans.__('Table')}
          value={table.seq}
          onChange={event => setChosen(Number(event.target.value))}
        >
          {tables.map(each => (
            <option key={each.seq} value={each.seq}>
              {traceTitle(trans, each.name)}
            </option>
          ))}
        </select>
      )}
      <TableText text={table.text ?? ''} />
    </div>
  );
};

const TableText = ({ text }: { text: string }): JSX.Element => {
  const table = readTextTable(text);
  if (!table) return <pre>{text}</pre>;
  return (
    <>
      <table>
        <thead>
          <tr>
            {table.head.map(cell => (
              <th key={cell} scope="col">
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, at) => (
            <tr key={at}>
              {row.map((cell, column) => (
                <td key={column} title={column === 0 ? cell : undefined}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {table.foot.map(line => (
        <p key={line}>{line}</p>
      ))}
    </>
  );
};
