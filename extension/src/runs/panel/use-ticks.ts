import { useEffect, useReducer } from 'react';

/** Who waits longer no longer counts tenths of a second. */
const FAST_MS = 10_000;

/** The time, anew every frame while something has just begun, and every second when it takes long. */
export const useTicks = (isRunning: boolean): number => {
  const [, render] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    if (!isRunning) return undefined;
    const begun = Date.now();
    let frame = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const next = (): void => {
      render();
      if (Date.now() - begun < FAST_MS) frame = requestAnimationFrame(next);
      else timer = setTimeout(next, 1000);
    };
    next();
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, [isRunning]);
  return Date.now();
};
