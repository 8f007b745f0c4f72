import { useEffect, useRef, type RefObject } from 'react';

/**
 * Gives the keyboard back to what had it before a part opened, when that closes with the keyboard inside; to the
 * neighbour with this selector when what had it is gone.
 */
export const useReturnFocus = (part: RefObject<HTMLElement>, neighbour = ''): void => {
  const before = useRef(document.activeElement);
  useEffect(() => {
    const node = part.current;
    const place = node?.parentElement;
    return () => {
      const { activeElement } = document;
      if (activeElement && activeElement !== document.body && !node?.contains(activeElement)) return;
      const to = before.current?.isConnected || !neighbour ? before.current : place?.querySelector(neighbour);
      if (to instanceof HTMLElement) to.focus();
    };
  }, [part, neighbour]);
};
