import { useEffect, useRef, type RefObject } from 'react';

/** Gives the keyboard back to what had it before something opened, when that closes with the keyboard inside. */
export const useReturnFocus = (part: RefObject<HTMLElement>): void => {
  const before = useRef(document.activeElement);
  useEffect(() => {
    const node = part.current;
    return () => {
      const { activeElement } = document;
      const isInside = activeElement === null || activeElement === document.body || node?.contains(activeElement);
      if (isInside && before.current instanceof HTMLElement) before.current.focus();
    };
  }, [part]);
};
