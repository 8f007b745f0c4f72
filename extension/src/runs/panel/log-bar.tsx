import type { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import { plainText, type LiveRun, type LogQuery } from '../live/index.js';
import { clockTime } from './log-row.js';

interface LogBarProps {
  trans: TranslationBundle;
  run: LiveRun;
  query: LogQuery;
  onChange: (query: LogQuery) => void;
}

/** Filter, rank and copy, beside the tabs. */
export const LogBar = ({ trans, run, query, onChange }: LogBarProps): JSX.Element => (
  <div className="jp-BottegaLogBar">
    <input
      type="search"
      className="jp-mod-styled"
      placeholder={trans.__('Filter')}
      aria-label={trans.__('Filter the log')}
      value={query.text}
      onChange={event => onChange({ ...query, text: event.target.value })}
      onKeyDown={event => {
        if (event.key === 'Escape') onChange({ ...query, text: '' });
      }}
    />
    {run.ranks > 1 && (
      <select
        aria-label={trans.__('Rank')}
        value={query.rank ?? ''}
        onChange={event => onChange({ ...query, rank: event.target.value === '' ? null : Number(event.target.value) })}
      >
        <option value="">{trans.__('all ranks')}</option>
        {Array.from({ length: run.ranks }, (_, rank) => (
          <option key={rank} value={rank}>
            {trans.__('rank %1', rank)}
          </option>
        ))}
      </select>
    )}
    <CopyButton trans={trans} run={run} />
  </div>
);

/** More would freeze the page, and no editor likes it. */
const MAX_COPIED = 100_000;

const CopyButton = ({ trans, run }: { trans: TranslationBundle; run: LiveRun }): JSX.Element => {
  const [said, setSaid] = useState<string | null>(null);
  const copy = async (): Promise<void> => {
    setSaid(trans.__('Copying…'));
    try {
      await navigator.clipboard.writeText(await textOf(run));
      setSaid(trans.__('Copied'));
    } catch {
      setSaid(trans.__('Not copied'));
    }
    setTimeout(() => setSaid(null), 2000);
  };
  return (
    <button
      type="button"
      className="jp-BottegaLink"
      title={trans.__('Copy the log, at most its last %1 lines', MAX_COPIED)}
      onClick={() => void copy()}
    >
      {said ?? trans.__('Copy')}
    </button>
  );
};

const textOf = async ({ log }: LiveRun): Promise<string> => {
  const lines: string[] = [];
  for (let index = Math.max(0, log.count - MAX_COPIED); index < log.count; index += 1) {
    if (!log.line(index)) await log.load(index);
    const line = log.line(index);
    if (line) lines.push(`${clockTime(line.time)} ${line.rank ?? '-'} ${plainText(line.text)}`);
  }
  return `${lines.join('\n')}\n`;
};
