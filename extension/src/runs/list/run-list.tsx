import type { Run } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual';
import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type RefObject } from 'react';
import type { Origins } from './origins.js';
import { RunItem } from './run-item.js';

interface ListProps {
  trans: TranslationBundle;
  runs: readonly Run[];
  /** Rows below the last run that are on their way. */
  missing: number;
  isLoading: boolean;
  origins: Origins;
  /** The run whose panel is in front. */
  current: string | null;
  onOpen: (id: string) => void;
  /** The last runs are on screen, or those that are missing. */
  onEnd: () => void;
}

const ROW_PX = 46;
const LINEAGE_PX = 16;
/** So many rows before the end the next page is asked for. */
const AHEAD = 20;
const optionId = (id: string): string => `bottega-run-option-${id}`;

/** As many rows as fit, of any number of runs. Arrow keys move, Enter opens. */
export const RunList = ({
  trans,
  runs,
  missing,
  isLoading,
  origins,
  current,
  onOpen,
  onEnd
}: ListProps): JSX.Element => {
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<string | null>(null);
  const rows = useVirtualizer({
    count: runs.length + missing,
    getScrollElement: () => scroller.current,
    getItemKey: index => runs[index]?.id ?? index,
    estimateSize: index => ROW_PX + (runs[index]?.branch_of ? LINEAGE_PX : 0),
    overscan: 6
  });
  useAnchor(scroller, rows, runs);
  const items = rows.getVirtualItems();
  const isAtEnd = missing > 0 && (items.at(-1)?.index ?? -1) >= runs.length - AHEAD;
  useEffect(() => {
    // A page may bring nothing that was not here before.
    if (isAtEnd && !isLoading) onEnd();
  }, [isAtEnd, isLoading, runs.length]);

  const move = (event: KeyboardEvent): void => {
    const index = runs.findIndex(run => run.id === active);
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW_PX) - 1);
    const target = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      PageDown: index + page,
      PageUp: index - page,
      Home: 0,
      End: runs.length - 1
    }[event.key];
    if (event.key === 'Enter' && index >= 0) onOpen(runs[index]!.id);
    else if (isMenuKey(event) && active !== null) openMenu(active);
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
      aria-busy={isLoading}
      aria-activedescendant={active === null ? undefined : optionId(active)}
      onKeyDown={move}
      onFocus={() => setActive(before => before ?? current ?? runs[0]?.id ?? null)}
    >
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {items.map(({ index, key, start, size }) => {
          const run = runs[index];
          const style = { height: size, transform: `translateY(${start}px)` };
          if (!run) return <ComingRow key={key} style={style} index={index} />;
          return (
            <div
              key={key}
              id={optionId(run.id)}
              role="option"
              aria-selected={run.id === current}
              aria-posinset={index + 1}
              aria-setsize={missing ? -1 : runs.length}
              className={`jp-BottegaRun jp-mod-${run.state}${run.id === active ? ' jp-mod-active' : ''}`}
              data-run={run.id}
              style={style}
              onClick={() => {
                setActive(run.id);
                onOpen(run.id);
              }}
              onContextMenu={() => setActive(run.id)}
            >
              <RunItem trans={trans} run={run} origins={origins} onOpen={onOpen} />
            </div>
          );
        })}
      </div>
    </div>
  );
};

/** Who reads further down keeps the place when runs begin above it. */
const useAnchor = (
  scroller: RefObject<HTMLDivElement>,
  rows: Virtualizer<HTMLDivElement, Element>,
  runs: readonly Run[]
): void => {
  const anchor = useRef<{ id: string; start: number } | null>(null);
  const first = runs[0]?.id;
  useLayoutEffect(() => {
    const node = scroller.current;
    const before = anchor.current;
    if (!node?.scrollTop || !before) return;
    const now = rows.measurementsCache.find(({ key }) => key === before.id);
    if (now && now.start !== before.start) node.scrollTop += now.start - before.start;
  }, [first, runs.length]);
  useLayoutEffect(() => {
    const top = scroller.current?.scrollTop ?? 0;
    const seen = rows.getVirtualItems().find(({ index, start }) => start >= top && runs[index]);
    anchor.current = seen ? { id: String(seen.key), start: seen.start } : null;
  });
};

const isMenuKey = ({ key, shiftKey }: KeyboardEvent): boolean => key === 'ContextMenu' || (key === 'F10' && shiftKey);

/** The keyboard has no place on the page, so that the menu opens at the row that the arrows are on. */
const openMenu = (id: string): void => {
  const row = document.getElementById(optionId(id));
  const box = row?.getBoundingClientRect();
  if (!row || !box) return;
  const place = { clientX: box.left + 32, clientY: box.bottom - 4 };
  row.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true, ...place }));
};

/** Where a run will be. Widths differ, as names do. */
const ComingRow = ({ style, index }: { style: object; index: number }): JSX.Element => (
  <div className="jp-BottegaRun jp-mod-coming" style={style} aria-hidden>
    <span style={{ width: `${45 + ((index * 37) % 35)}%` }} />
    <span style={{ width: `${30 + ((index * 53) % 20)}%` }} />
  </div>
);
