import { useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';

const MIN = 60;
const STEP = 24;

/** A height that a person sets with a handle below it, by pointer or arrow keys; null until then. */
export const useHeight = (label: string): [number | null, JSX.Element] => {
  const [height, setHeight] = useState<number | null>(null);
  const grabbed = useRef<{ y: number; height: number } | null>(null);
  const heightNow = (handle: Element): number => (handle.previousElementSibling as HTMLElement).offsetHeight;
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? STEP : event.key === 'ArrowUp' ? -STEP : 0;
    if (step) setHeight(Math.max(MIN, heightNow(event.currentTarget) + step));
  };
  const onPointerMove = (event: PointerEvent): void => {
    if (grabbed.current) setHeight(Math.max(MIN, grabbed.current.height + event.clientY - grabbed.current.y));
  };
  const handle = (
    <div
      className="jp-BottegaRunPanel-handle"
      role="separator"
      aria-orientation="horizontal"
      aria-label={label}
      aria-valuemin={MIN}
      aria-valuenow={height ?? MIN}
      aria-valuetext={height === null ? undefined : `${Math.round(height)} px`}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onDoubleClick={() => setHeight(null)}
      onPointerDown={event => {
        event.currentTarget.setPointerCapture(event.pointerId);
        grabbed.current = { y: event.clientY, height: heightNow(event.currentTarget) };
      }}
      onPointerMove={onPointerMove}
      onPointerUp={() => (grabbed.current = null)}
    />
  );
  return [height, handle];
};
