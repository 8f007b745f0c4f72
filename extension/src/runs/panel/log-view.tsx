import { BottegaError } from '@bottega/client';
import type { ErrorBody } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from 'react';
import { Button, ErrorNote } from '../../state/index.js';
import { isEverything, LogFilter, type LiveRun, type LogQuery } from '../live/index.js';
import { LogRow } from './log-row.js';
import { useSize } from './use-size.js';

const ROW_HEIGHT = 18;
const OVERSCAN = 12;
/** Browsers stop at about 33 million pixels; what lies further back is reached by a filter. */
const MAX_ROWS = 1_500_000;

interface LogViewProps {
  trans: TranslationBundle;
  run: LiveRun;
  query: LogQuery;
}

/** The log as a virtual list that follows its end until somebody scrolls away from it. */
export const LogView = ({ trans, run, query }: LogViewProps): JSX.Element => {
  const { log } = run;
  const [ref, { height }, node] = useSize<HTMLDivElement>();
  const [, render] = useReducer((count: number) => count + 1, 0);
  const [error, setError] = useState<ErrorBody | null>(null);
  const [isFollowing, setFollowing] = useState(true);
  const scrollTop = useRef(0);
  const filter = useFilter(run, query, render, setError);
  const count = filter ? filter.matches.length : log.count;
  const hidden = Math.max(0, count - MAX_ROWS);
  const shown = count - hidden;

  useLayoutEffect(() => {
    if (node && isFollowing) node.scrollTop = node.scrollHeight;
  });

  const first = Math.max(0, Math.floor(scrollTop.current / ROW_HEIGHT) - OVERSCAN);
  const start = isFollowing ? Math.max(0, shown - Math.ceil(height / ROW_HEIGHT) - OVERSCAN) : Math.min(first, shown);
  const end = Math.min(shown, start + Math.ceil(height / ROW_HEIGHT) + 2 * OVERSCAN);
  const indexes = Array.from({ length: Math.max(0, end - start) }, (_, at) => {
    const place = hidden + start + at;
    return filter ? (filter.matches[place] as number) : place;
  });
  useMissing(run, indexes, render, setError);

  const onScroll = (): void => {
    if (!node) return;
    const isAtEnd = node.scrollTop + node.clientHeight >= node.scrollHeight - ROW_HEIGHT;
    // Only a movement up lets go: growing also makes the end lie further down.
    if (isAtEnd) setFollowing(true);
    else if (node.scrollTop < scrollTop.current - 1) setFollowing(false);
    scrollTop.current = node.scrollTop;
    render();
  };
  return (
    <div className="jp-BottegaLog">
      {error && <ErrorNote trans={trans} error={error} />}
      <div
        className="jp-BottegaLog-scroller"
        ref={ref}
        role="log"
        aria-live="off"
        aria-label={trans.__('Log')}
        tabIndex={0}
        onScroll={onScroll}
      >
        <div className="jp-BottegaLog-content" style={{ height: shown * ROW_HEIGHT }}>
          <div style={{ transform: `translateY(${start * ROW_HEIGHT}px)` }}>
            {indexes.map(index => (
              <LogRow key={index} trans={trans} line={log.line(index)} hasRanks={run.ranks > 1} />
            ))}
          </div>
        </div>
      </div>
      {count === 0 && <p className="jp-BottegaLog-empty">{emptyText(trans, run, filter)}</p>}
      {!isFollowing && (
        <div className="jp-BottegaLog-end">
          <Button onClick={() => setFollowing(true)}>↓ {trans.__('Jump to end')}</Button>
        </div>
      )}
      {filter && !filter.isComplete && (
        <p className="jp-BottegaLog-progress" role="status">
          {trans.__('Searched %1 %', Math.floor(filter.progress * 100))}
        </p>
      )}
    </div>
  );
};

const emptyText = (trans: TranslationBundle, run: LiveRun, filter: LogFilter | null): string => {
  if (filter) return filter.isComplete ? trans.__('No line fits the filter.') : '';
  if (run.isBehind) return trans.__('Reading the log…');
  return run.hasEnded ? trans.__('Nothing was written.') : trans.__('Nothing was written yet.');
};

/** The filter of a query, advanced a bounded piece at a time so that the page stays quick. */
const useFilter = (
  run: LiveRun,
  query: LogQuery,
  render: () => void,
  onError: (error: ErrorBody) => void
): LogFilter | null => {
  const [filter, setFilter] = useState<LogFilter | null>(null);
  useEffect(() => {
    if (isEverything(query)) {
      setFilter(null);
      return undefined;
    }
    const next = new LogFilter(run.log, query);
    setFilter(next);
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isGone = false;
    const advance = (): void => {
      timer = undefined;
      if (isGone || next.isComplete) return;
      if (next.advance()) {
        render();
        timer = setTimeout(advance);
        return;
      }
      next.load().then(advance, error => {
        if (error instanceof BottegaError) onError(error.body);
        else throw error;
      });
    };
    const wake = (): void => {
      timer ??= setTimeout(advance, 50);
    };
    run.changed.connect(wake);
    advance();
    return () => {
      isGone = true;
      clearTimeout(timer);
      run.changed.disconnect(wake);
    };
  }, [run, query]);
  return filter;
};

/** Reads the pages of lines that are in view and not in memory. */
const useMissing = (
  run: LiveRun,
  indexes: readonly number[],
  render: () => void,
  onError: (error: ErrorBody | null) => void
): void => {
  const missing = indexes.find(index => !run.log.line(index));
  useEffect(() => {
    if (missing === undefined) return;
    run.log.load(missing).then(
      () => {
        onError(null);
        render();
      },
      error => {
        if (error instanceof BottegaError) onError(error.body);
        else throw error;
      }
    );
  }, [run, missing]);
};
