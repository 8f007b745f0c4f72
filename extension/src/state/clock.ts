import { useEffect, useState } from 'react';

type Listener = (now: number) => void;

const listeners = new Set<Listener>();
let timer: ReturnType<typeof setInterval> | undefined;

const tick = (): void => {
  if (document.visibilityState === 'hidden') return;
  const now = Date.now();
  listeners.forEach(listener => listener(now));
};

/** One second hand for all that show how long ago or how long; it stands while nobody looks. */
const listen = (listener: Listener): (() => void) => {
  listeners.add(listener);
  timer ??= setInterval(tick, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size) return;
    clearInterval(timer);
    timer = undefined;
  };
};

/** The time now, renewed every second while `isRunning`. */
export const useNow = (isRunning = true): number => {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!isRunning) return undefined;
    setNow(Date.now());
    return listen(setNow);
  }, [isRunning]);
  return now;
};
