import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef, type ReactNode } from 'react';

const ROW_PX = 24;
/** Half a row says that there are more. */
const MOST_ROWS = 12.5;

interface ListProps<T> {
  items: readonly T[];
  label: string;
  keyOf: (item: T) => string;
  children: (item: T) => ReactNode;
}

/** Rows of one line each, any number of them, in a box that scrolls. */
export const LongList = <T,>({ items, label, keyOf, children }: ListProps<T>): JSX.Element => {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 8
  });
  return (
    <div
      ref={scroller}
      className="jp-BottegaLongList"
      style={{ height: Math.min(items.length, MOST_ROWS) * ROW_PX }}
      role="list"
      tabIndex={0}
      aria-label={label}
    >
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map(({ index, start }) => {
          const item = items[index]!;
          return (
            <div
              key={keyOf(item)}
              role="listitem"
              aria-posinset={index + 1}
              aria-setsize={items.length}
              style={{ height: ROW_PX, transform: `translateY(${start}px)` }}
            >
              {children(item)}
            </div>
          );
        })}
      </div>
    </div>
  );
};
