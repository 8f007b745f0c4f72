import { useEffect, useRef, useState, type RefObject } from 'react';

/** The size of an element in CSS pixels as it changes; zero until it is known. */
export const useSize = <T extends HTMLElement>(): [RefObject<T>, { width: number; height: number }] => {
  const ref = useRef<T>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const node = ref.current;
    if (!node) return undefined;
    const observer = new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = node;
      // A hidden panel keeps the size it had.
      if (width) setSize(before => (before.width === width && before.height === height ? before : { width, height }));
    });
    observer.observe(node);
    return () => observer.disconnect();
  }, []);
  return [ref, size];
};
