import { useEffect, useState } from 'react';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * The size of an element in CSS pixels as it changes; zero until it is known. The first of the pair is the `ref` of the
 * element, which may come and go; the third is the element.
 */
export const useSize = <T extends HTMLElement>(): [(node: T | null) => void, Size, T | null] => {
  const [node, setNode] = useState<T | null>(null);
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useEffect(() => {
    if (!node) return undefined;
    const observer = new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = node;
      // A hidden panel keeps the size it had.
      if (width) setSize(before => (before.width === width && before.height === height ? before : { width, height }));
    });
    observer.observe(node);
    return () => observer.disconnect();
  }, [node]);
  return [setNode, size, node];
};
