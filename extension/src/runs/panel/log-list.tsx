import { BottegaError } from '@bottega/client';
import type { ErrorBody } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useLayoutEffect, useReducer, useRef, useState, type KeyboardEvent } from 'react';
import { Button, ErrorNote } from '../../state/index.js';
import { LogScroll, ROW_HEIGHT, type LiveRun, type LogRows } from '../live/index.js';
import { LogRow } from './log-row.js';
import { useSize } from './use-size.js';

const OVERSCAN = 12;

interface LogListProps {
  trans: TranslationBundle;
  run: LiveRun;
  rows: LogRows;
  /** A line to bring into view, whenever it is another object. */
  goal: { readonly number: number } | null;
  mark: RegExp | null;
  isHit: (number: number) => boolean;
  /** Hears the number of the first line in view. */
  onSeen: (number: number) => void;
  emptyText: string;
}

/** A virtual list of any length that follows its end until somebody scrolls away from it. */
export const LogList = (props: LogListProps): JSX.Element => {
  const { trans, run, rows, goal, mark, isHit, onSeen, emptyText } = props;
  const [ref, { height }, node] = useSize<HTMLDivElement>();
  const [, render] = useReducer((count: number) => count + 1, 0);
  const [error, setError] = useState<ErrorBody | null>(null);
  const scroll = useRef(new LogScroll()).current;
  const gone = useRef<LogListProps['goal']>(null);
  scroll.resize(rows.count, height);
  if (goal && goal !== gone.current && height) scroll.reveal(rows.rowOf(goal.number));
  if (height) gone.current = goal;
  useLayoutEffect(() => {
    if (node && Math.abs(node.scrollTop - scroll.scrollTop) >= 1) node.scrollTop = scroll.scrollTop;
  });

  const start = Math.max(0, scroll.firstRow - OVERSCAN);
  const end = Math.min(rows.count, scroll.firstRow + scroll.rowsInView + OVERSCAN);
  const shown = Array.from({ length: Math.max(0, end - start) }, (_, at) => rows.at(start + at));
  const numbers = shown.flatMap(row => ('number' in row ? [row.number] : []));
  useMissing(run, numbers, render, setError);
  useWheel(node, scroll, render);
  const seen = numbers[Math.min(OVERSCAN, scroll.firstRow)] ?? 1;
  useEffect(() => onSeen(seen), [seen]);

  const onScroll = (): void => {
    if (!node) return;
    scroll.scrolled(node.scrollTop, node.clientHeight);
    render();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const by = scroll.isScaled ? keyMovement(event.key, height) : undefined;
    if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    scroll.move(scroll.top + by);
    render();
  };
  return (
    <>
      {error && <ErrorNote trans={trans} error={error} />}
      <div
        className="jp-BottegaLog-scroller"
        ref={ref}
        role="log"
        aria-live="off"
        aria-label={trans.__('Log')}
        tabIndex={0}
        onScroll={onScroll}
        onKeyDown={onKeyDown}
      >
        <div className="jp-BottegaLog-content" style={{ height: scroll.contentHeight }}>
          <div style={{ transform: `translateY(${scroll.scrollTop - scroll.top + start * ROW_HEIGHT}px)` }}>
            {shown.map((row, at) => {
              const number = 'number' in row ? row.number : undefined;
              return (
                <LogRow
                  key={number ?? `s${start + at}`}
                  trans={trans}
                  line={run.log.lineAt(row)}
                  hasRanks={run.ranks > 1}
                  number={number}
                  mark={number !== undefined && isHit(number) ? mark : null}
                  isCurrent={number !== undefined && number === goal?.number}
                />
              );
            })}
          </div>
        </div>
      </div>
      {rows.count === 0 && <p className="jp-BottegaLog-empty">{emptyText}</p>}
      {scroll.isAway && (
        <div className="jp-BottegaLog-end">
          <Button
            onClick={() => {
              scroll.isFollowing = true;
              render();
            }}
          >
            ↓ {trans.__('Jump to end')}
          </Button>
        </div>
      )}
    </>
  );
};

/** What a key moves in a list that is too high for the browser's own scrolling, in pixels. */
const keyMovement = (key: string, height: number): number | undefined => {
  const page = Math.max(ROW_HEIGHT, height - ROW_HEIGHT);
  const movements: Record<string, number> = {
    ArrowDown: ROW_HEIGHT,
    ArrowUp: -ROW_HEIGHT,
    PageDown: page,
    PageUp: -page,
    Home: -Infinity,
    End: Infinity
  };
  return movements[key];
};

/** In a list that is too high for a browser, a turn of the wheel still moves by lines. */
const useWheel = (node: HTMLElement | null, scroll: LogScroll, render: () => void): void => {
  useEffect(() => {
    if (!node) return undefined;
    const onWheel = (event: WheelEvent): void => {
      if (!scroll.isScaled || event.ctrlKey || !event.deltaY) return;
      event.preventDefault();
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? ROW_HEIGHT : event.deltaMode ? node.clientHeight : 1;
      scroll.move(scroll.top + event.deltaY * unit);
      node.scrollLeft += event.deltaX;
      render();
    };
    // React listens passively and could not keep the browser from scrolling.
    node.addEventListener('wheel', onWheel, { passive: false });
    return () => node.removeEventListener('wheel', onWheel);
  }, [node, scroll]);
};

/** Who drags the scrollbar passes pages that nobody reads. */
const REST_MS = 30;

/** Reads the pages of lines that are in view and not in memory. */
const useMissing = (
  run: LiveRun,
  numbers: readonly number[],
  render: () => void,
  onError: (error: ErrorBody | null) => void
): void => {
  const missing = numbers.filter(number => !run.log.lineAt({ number }));
  useEffect(() => {
    if (!missing.length) return undefined;
    const timer = setTimeout(() => {
      // Lines that a search found lie in as many pages; those of one page are read together.
      Promise.all(missing.map(number => run.log.load(number))).then(
        () => {
          onError(null);
          render();
        },
        error => {
          if (error instanceof BottegaError) onError(error.body);
          else throw error;
        }
      );
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [run, missing.join()]);
};
