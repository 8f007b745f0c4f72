import type { TranslationBundle } from '@jupyterlab/translation';
import { copyIcon, searchIcon } from '@jupyterlab/ui-components';
import { useState } from 'react';
import { formatCount, IconButton, plainText } from '../../state/index.js';
import type { LiveRun } from '../live/index.js';
import type { LogOptions } from './log-options.js';
import { clockTime } from './log-row.js';

interface LogBarProps {
  trans: TranslationBundle;
  run: LiveRun;
  options: LogOptions;
  onChange: (change: Partial<LogOptions>) => void;
}

/** Rank, stream, copy and search, beside the tabs. */
export const LogBar = ({ trans, run, options, onChange }: LogBarProps): JSX.Element => (
  <div className="jp-BottegaLogBar">
    {run.ranks > 1 && (
      <select
        aria-label={trans.__('Rank')}
        value={options.rank ?? ''}
        onChange={event => onChange({ rank: event.target.value === '' ? null : Number(event.target.value) })}
      >
        <option value="">{trans.__('all ranks')}</option>
        {Array.from({ length: run.ranks }, (_, rank) => (
          <option key={rank} value={rank}>
            {trans.__('rank %1', rank)}
          </option>
        ))}
      </select>
    )}
    <select
      aria-label={trans.__('Stream')}
      value={options.stream ?? ''}
      onChange={event => onChange({ stream: streams.find(stream => stream === event.target.value) ?? null })}
    >
      <option value="">{trans.__('all output')}</option>
      {streams.map(stream => (
        <option key={stream}>{stream}</option>
      ))}
    </select>
    <CopyButton trans={trans} run={run} />
    <IconButton
      icon={searchIcon}
      label={trans.__('Search the log (Ctrl+F)')}
      isPressed={options.isOpen}
      onClick={() => onChange({ isOpen: !options.isOpen, opened: options.opened + 1 })}
    />
  </div>
);

const streams = ['stdout', 'stderr'] as const;

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
    <>
      <span role="status">{said}</span>
      <IconButton
        icon={copyIcon}
        label={trans.__('Copy the log, at most its last %1 lines', formatCount(MAX_COPIED))}
        onClick={() => void copy()}
      />
    </>
  );
};

const textOf = async ({ log }: LiveRun): Promise<string> => {
  const lines: string[] = [];
  const { rows } = log;
  for (let at = Math.max(0, rows.count - MAX_COPIED); at < rows.count; at += 1) {
    const row = rows.at(at);
    if ('number' in row && !log.lineAt(row)) await log.load(row.number);
    const line = log.lineAt(row);
    if (line) lines.push(`${clockTime(line.time)} ${line.rank ?? '-'} ${plainText(line.text)}`);
  }
  return `${lines.join('\n')}\n`;
};
