import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useMemo, useState, type KeyboardEvent } from 'react';
import { Button, ErrorNote } from '../../state/index.js';
import { everything, LogRows, someLines, type LiveRun, type LogSearch } from '../live/index.js';
import { LogList } from './log-list.js';
import { markOf } from './log-marks.js';
import { hitsOf, shownOf, type LogOptions } from './log-options.js';
import { LogSearchBar } from './log-search-bar.js';
import { useLogSearch } from './use-log-search.js';

interface LogViewProps {
  trans: TranslationBundle;
  run: LiveRun;
  options: LogOptions;
  onChange: (change: Partial<LogOptions>) => void;
}

/** The log of a run, all of it, with what is looked for in it. */
export const LogView = ({ trans, run, options, onChange }: LogViewProps): JSX.Element => {
  const hitsQuery = hitsOf(options);
  const hits = useLogSearch(run, hitsQuery);
  const isText = options.isOnly && hitsQuery.text !== '';
  const filtered = useLogSearch(run, isText ? everything : shownOf(options));
  const shown = isText ? hits : filtered;
  // The same as long as the same is looked for, so that no row is drawn anew for it.
  const mark = useMemo(() => markOf(hitsQuery), [JSON.stringify(hitsQuery)]);
  /** The line somebody went to; the count makes going there again a movement. */
  const [goal, setGoal] = useState<{ number: number; count: number } | null>(null);
  const [seen, setSeen] = useState(1);
  const goTo = (number: number): void => setGoal(before => ({ number, count: (before?.count ?? 0) + 1 }));
  const current = goal?.number ?? null;
  const move = (direction: 1 | -1): void => {
    const next = hits?.from(current === null ? seen : current + direction, direction) ?? null;
    if (next !== null) goTo(next);
  };
  const isFound = Boolean(hits?.numbers.length);
  useEffect(() => {
    const first = hits?.from(current ?? seen, 1) ?? null;
    if (first !== null) goTo(first);
    // Once for each search, when its first matches are there.
  }, [hits, isFound]);
  useEffect(() => {
    if (!options.isOpen) setGoal(null);
  }, [options.isOpen]);

  const { log } = run;
  const lines = shown && someLines(shown.numbers);
  const rows = !lines ? log.rows : isText ? new LogRows(lines, []) : log.rowsOf(lines);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key.toLowerCase() !== 'f' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    onChange({ isOpen: true, opened: options.opened + 1 });
  };
  return (
    <div className="jp-BottegaLog" onKeyDown={onKeyDown}>
      {options.isOpen && (
        <LogSearchBar
          trans={trans}
          options={options}
          hits={hits}
          current={current}
          onChange={onChange}
          onMove={move}
          onGoTo={number => goTo(Math.max(1, Math.min(number, log.lineCount)))}
        />
      )}
      {shown?.error && !isText && (
        <ErrorNote trans={trans} error={shown.error}>
          <Button onClick={() => shown.start()}>{trans.__('Try again')}</Button>
        </ErrorNote>
      )}
      <LogList
        key={JSON.stringify(shownOf(options))}
        trans={trans}
        run={run}
        rows={rows}
        goal={goal}
        mark={hits && !hits.error ? mark : null}
        isHit={number => hits?.has(number) ?? false}
        onSeen={setSeen}
        emptyText={emptyText(trans, run, shown)}
      />
      {shown && !shown.isComplete && !shown.error && (
        <p className="jp-BottegaLog-progress" role="status">
          {trans.__('Searched %1 %', Math.floor(shown.progress * 100))}
        </p>
      )}
    </div>
  );
};

const emptyText = (trans: TranslationBundle, run: LiveRun, shown: LogSearch | null): string => {
  if (shown) return shown.isComplete ? trans.__('No line fits.') : '';
  if (run.isBehind) return trans.__('Reading the log…');
  return run.hasEnded ? trans.__('Nothing was written.') : trans.__('Nothing was written yet.');
};
