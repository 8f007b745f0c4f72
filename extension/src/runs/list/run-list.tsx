import type { Run } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { RunItem } from './run-item.js';

interface ListProps {
  trans: TranslationBundle;
  runs: readonly Run[];
  /** The run whose panel is in front. */
  current: string | null;
  onOpen: (run: Run) => void;
  /** The last row is on screen. */
  onEnd: () => void;
}

const ROW_PX = 46;
const optionId = (id: string): string => `bottega-run-option-${id}`;

/** As many rows as fit, of any number of runs. Arrow keys move, Enter opens. */
export const RunList = ({ trans, runs, current, onOpen, onEnd }: ListProps): JSX.Element => {
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<string | null>(null);
  const rows = useVirtualizer({
    count: runs.length,
    getScrollElement: () => scroller.current,
    getItemKey: index => runs[index]!.id,
    estimateSize: () => ROW_PX,
    overscan: 6
  });
  const items = rows.getVirtualItems();
  const isAtEnd = (items.at(-1)?.index ?? -1) === runs.length - 1;
  useEffect(() => {
    if (isAtEnd) onEnd();
  }, [isAtEnd, runs.length]);

  const move = (event: KeyboardEvent): void => {
    const index = runs.findIndex(run => run.id === active);
    const target = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: runs.length - 1 }[event.key];
    if (event.key === 'Enter' && index >= 0) onOpen(runs[index]!);
    else if (target === undefined || !runs.length) return;
    else {
      const next = Math.min(runs.length - 1, Math.max(0, target));
      setActive(runs[next]!.id);
      rows.scrollToIndex(next);
    }
    event.preventDefault();
  };

  return (
    <div
      ref={scroller}
      className="jp-BottegaRuns-scroller"
      role="listbox"
      tabIndex={0}
      aria-label={trans.__('Runs, newest first')}
      aria-activedescendant={active === null ? undefined : optionId(active)}
      onKeyDown={move}
      onFocus={() => setActive(before => before ?? current ?? runs[0]?.id ?? null)}
    >
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {items.map(({ index, key, start }) => {
          const run = runs[index]!;
          return (
            <div
              key={key}
              id={optionId(run.id)}
              role="option"
              aria-selected={run.id === current}
              aria-posinset={index + 1}
              aria-setsize={runs.length}
              className={`jp-BottegaRun jp-mod-${run.state}${run.id === active ? ' jp-mod-active' : ''}`}
              data-run={run.id}
              style={{ height: ROW_PX, transform: `translateY(${start}px)` }}
              onClick={() => {
                setActive(run.id);
                onOpen(run);
              }}
              onContextMenu={() => setActive(run.id)}
            >
              <RunItem trans={trans} run={run} />
            </div>
          );
        })}
      </div>
    </div>
  );
};
